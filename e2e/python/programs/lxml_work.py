"""lxml: libxml2 and libxslt call Python back from Cython for functions, targets, resolvers, classes and files."""

import io

import mark

mark.everywhere()

from lxml import etree, html, objectify, sax
from xml.sax.handler import ContentHandler

TEXT = "<shop>" + "".join("<item n='%d'><name>n%d</name><price>%d</price></item>" % (i, i, i * 3) for i in range(30)) + "</shop>"


class Target:
    def start(self, tag, attributes):
        mark.mark()

    def end(self, tag):
        mark.mark()

    def data(self, text):
        pass

    def close(self):
        mark.mark()
        return 1


class Item(etree.ElementBase):
    def _init(self):
        mark.mark()

    @property
    def total(self):
        mark.mark()
        return int(self.findtext("price"))


class Lookup(etree.PythonElementClassLookup):
    def lookup(self, document, element):
        mark.mark()
        return Item if element.tag == "item" else None


class Resolver(etree.Resolver):
    def resolve(self, address, public, context):
        mark.mark()
        return self.resolve_string("<!ENTITY word 'text'>", context)


class Handler(ContentHandler):
    def startElementNS(self, name, qualified, attributes):
        mark.mark()


class File(io.BytesIO):
    def read(self, size=-1):
        mark.mark()
        return super().read(min(size, 300))

    def write(self, data):
        mark.mark()
        return super().write(data)


class Extension(etree.XSLTExtension):
    def execute(self, context, self_node, input_node, output_parent):
        mark.mark()
        output_parent.append(etree.Element("made"))


def doubled(context, nodes):
    mark.mark()
    return [str(2 * int(n)) for n in nodes][0]


STYLE = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:my="urn:my" extension-element-prefixes="my">
<xsl:template match="/"><all><xsl:for-each select="//item"><one><xsl:value-of select="my:doubled(price/text())"/><my:made/></one></xsl:for-each></all></xsl:template>
</xsl:stylesheet>"""


def main():
    tree = etree.fromstring(TEXT)
    etree.fromstring(TEXT, etree.XMLParser(target=Target()))
    functions = {("urn:my", "doubled"): doubled}
    tree.xpath("//item[my:doubled(price/text()) > 20]", namespaces={"my": "urn:my"}, extensions=functions)
    transform = etree.XSLT(etree.fromstring(STYLE), extensions={**functions, ("urn:my", "made"): Extension()})
    assert str(transform(tree)).count("<made/>") == 30
    parser = etree.XMLParser(load_dtd=True)
    parser.set_element_class_lookup(Lookup())
    parser.resolvers.add(Resolver())
    items = etree.fromstring('<!DOCTYPE shop SYSTEM "shop.dtd">' + TEXT, parser)
    assert sum(item.total for item in items) == 3 * sum(range(30))
    for _, element in etree.iterparse(File(TEXT.encode()), tag="item"):
        mark.mark()
        element.clear()
    etree.parse(File(TEXT.encode())).write(File())
    with etree.xmlfile(File()) as out, out.element("all"):
        for i in range(5):
            out.write(etree.Element("i"))
            mark.mark()
    sax.saxify(tree, Handler())
    for _ in range(30):
        copy = objectify.fromstring(TEXT)
        copy.item[3].price = 5
        objectify.dump(copy.item[3])
        page = html.fromstring("<div><p class='a'>x<a href='/b'>y</a></div>" * 20)
        page.make_links_absolute("http://example.org")
        html.tostring(page, pretty_print=True)
        page.rewrite_links(lambda link: (mark.mark(), link)[1])
        sorted(tree, key=lambda e: e.findtext("name"))


main()
