"""Django: a site with models in SQLite, signals, middleware, templates with filters and tags of its own, and requests to it."""

import io
import sys

import mark

mark.everywhere()

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="k" * 50,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="__main__",
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.contrib.sessions.middleware.SessionMiddleware", "__main__.Timing"],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "builtins": ["__main__"],
            "loaders": [("django.template.loaders.locmem.Loader", {
                "base.html": "<html>{% block body %}{% endblock %}</html>",
                "list.html": "{% extends 'base.html' %}{% block body %}{% for b in books %}<p>{{ b.title|marked|upper }} {% shelf b.pages %}"
                             "{% if b.pages > 200 %}{{ b.pages|add:1 }}{% endif %}</p>{% endfor %}{% endblock %}",
            })],
        },
    }],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django import forms, template
from django.core.management import call_command
from django.db import connection, models
from django.db.models.signals import post_save
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import path

register = template.Library()


@register.filter
def marked(value):
    mark.mark()
    return value


@register.simple_tag
def shelf(pages):
    mark.mark()
    return pages // 100


class Timing:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        mark.mark()
        response = self.get_response(request)
        mark.mark()
        return response


class Author(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        app_label = "books"


class Pages(models.IntegerField):
    def from_db_value(self, value, expression, connection):
        if value % 50 == 0:
            mark.mark()
        return value


class Book(models.Model):
    title = models.CharField(max_length=200)
    author = models.ForeignKey(Author, models.CASCADE)
    pages = Pages()

    class Meta:
        app_label = "books"
        ordering = ["title"]


def saved(sender, instance, **arguments):
    mark.mark()


post_save.connect(saved, Author)


class BookForm(forms.Form):
    title = forms.CharField(min_length=3)
    pages = forms.IntegerField(min_value=1)

    def clean_title(self):
        mark.mark()
        return self.cleaned_data["title"].strip()


def halved(value):
    mark.mark()
    return value // 2


def books(request):
    return render(request, "list.html", {"books": Book.objects.select_related("author").filter(pages__gt=100)[:20]})


def totals(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(halved(pages)) FROM books_book WHERE id < 12")
        half = cursor.fetchone()[0]
    of_author = Book.objects.values("author__name").annotate(all=models.Sum("pages"), most=models.Max("pages")).order_by("-all")
    return JsonResponse({"half": half, "authors": list(of_author)})


def add(request):
    form = BookForm(request.POST)
    if not form.is_valid():
        return JsonResponse(form.errors.get_json_data(), status=400)
    request.session["last"] = form.cleaned_data["title"]
    return HttpResponse("ok")


def stream(request):
    def parts():
        for book in Book.objects.iterator(chunk_size=10):
            if book.pages % 7 == 0:
                mark.mark()
            yield book.title

    return StreamingHttpResponse(parts())


urlpatterns = [path("books/", books), path("totals/", totals), path("add/", add), path("stream/", stream)]


def main():
    call_command("migrate", verbosity=0, run_syncdb=True)
    with connection.schema_editor() as editor:
        editor.create_model(Author)
        editor.create_model(Book)
    connection.connection.create_function("halved", 1, halved)
    authors = [Author.objects.create(name="author %d" % i) for i in range(5)]
    Book.objects.bulk_create(Book(title="book %03d" % (i * 7 % 60), author=authors[i % 5], pages=i * 13 % 400 + 1) for i in range(60))
    client = Client()
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        assert b"BOOK" in client.get("/books/").content
        assert client.get("/totals/").json()["half"] > 0
        assert client.post("/add/", {"title": "x", "pages": "0"}).status_code == 400
        assert client.post("/add/", {"title": "a title", "pages": "10"}).status_code == 200
        assert b"book" in b"".join(client.get("/stream/").streaming_content)
        assert client.get("/nowhere/").status_code == 404
    call_command("inspectdb", stdout=io.StringIO())


if __name__ == "__main__":
    main()
