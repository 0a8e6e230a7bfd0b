"""Flask: an application behind a server with threads, with Jinja's templates, hooks, streams and errors, and clients of it."""

import threading
import urllib.error
import urllib.request

import mark

mark.everywhere(seconds=0)  # its threads share one list of sockets that a signal would leave

from flask import Blueprint, Flask, Response, abort, g, jsonify, render_template_string, request, session, stream_with_context
from werkzeug.serving import make_server

app = Flask(__name__)
app.secret_key = "k"
shop = Blueprint("shop", __name__, url_prefix="/shop")


@app.template_filter("marked")
def marked(value):
    mark.mark()
    return value


@app.context_processor
def helpers():
    mark.mark()
    return {"twice": lambda value: (mark.mark(), value * 2)[1]}


@app.before_request
def before():
    mark.mark()
    g.begin = request.path


@app.after_request
def after(response):
    mark.mark()
    response.headers["X-Path"] = g.begin
    return response


@app.teardown_request
def teardown(error):
    mark.mark()


@app.errorhandler(418)
def teapot(error):
    mark.mark()
    return "teapot", 418


@shop.route("/list/<int:count>")
def items(count):
    text = "{% macro row(i) %}<li>{{ i|marked }} {{ twice(i) }}</li>{% endmacro %}{% for i in range(count) %}{{ row(i) }}{% endfor %}"
    return render_template_string(text, count=count)


@shop.route("/json", methods=["POST"])
def echo():
    mark.mark()
    session["seen"] = session.get("seen", 0) + 1
    return jsonify(said=request.get_json(), seen=session["seen"])


@shop.route("/stream")
def stream():
    def parts():
        for i in range(10):
            mark.mark()
            yield "%d %s\n" % (i, request.path)

    return Response(stream_with_context(parts()))


@shop.route("/tea")
def tea():
    abort(418)


app.register_blueprint(shop)


def get(base, path, data=None):
    headers = {"Content-Type": "application/json"} if data else {}
    with urllib.request.urlopen(urllib.request.Request(base + path, data, headers), timeout=60) as answer:
        return answer.read()


def client(base):
    for i in range(3):
        assert get(base, "/shop/list/%d" % (i + 3)).count(b"<li>") == i + 3
        assert b'"seen":1' in get(base, "/shop/json", b'[{"a": 1}]').replace(b" ", b"")
        assert get(base, "/shop/stream").count(b"\n") == 10
        try:
            get(base, "/shop/tea")
        except urllib.error.HTTPError as error:
            assert error.code == 418


def main():
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    clients = [threading.Thread(target=client, args=("http://127.0.0.1:%d" % server.server_port,)) for _ in range(3)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    server.shutdown()
    serving.join()
    with app.test_client() as inner:
        assert inner.get("/shop/list/2").status_code == 200


main()
