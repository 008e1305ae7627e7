"""XML for scripts: what a ``<data>`` element fetched, as the read-only DOM of VoiceXML 2.1 section 5 and appendix D.

Python reads the XML into nested lists; the JavaScript here makes nodes of them inside the call's context.
"""

import json
from typing import Any

from lxml import etree

ELEMENT, TEXT, INSTRUCTION, COMMENT = 1, 3, 7, 8


class NotXml(ValueError):
    """What was fetched can't be read; the message says why."""


def read(body: bytes) -> str:
    """XML as the text that ``DOM`` takes. Raises NotXml. Nothing else is fetched and no entity is expanded."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise NotXml(f"the answer is not well-formed XML: {wrong}") from wrong
    before = [_node(each) for each in reversed(list(root.itersiblings(preceding=True)))]
    return json.dumps([*before, _node(root), *map(_node, root.itersiblings())])


def _node(node: etree._Element) -> list[Any]:
    """[type, name, namespace, attributes or data, children]; an attribute is [name, namespace, value]."""
    if isinstance(node, etree._Comment):
        return [COMMENT, "#comment", None, node.text or "", []]
    if isinstance(node, etree._ProcessingInstruction):
        return [INSTRUCTION, node.target, None, node.text or "", []]
    if isinstance(node, etree._Entity):
        return [TEXT, "#text", None, str(node.text), []]
    name = etree.QName(node)
    prefixes = {uri: prefix for prefix, uri in node.nsmap.items() if prefix}
    attributes = []
    for key, value in node.attrib.items():
        each = etree.QName(str(key))
        prefix = prefixes.get(each.namespace) if each.namespace else None
        attributes.append([f"{prefix}:{each.localname}" if prefix else each.localname, each.namespace, value])
    children = [[TEXT, "#text", None, node.text, []]] if node.text else []
    for child in node:
        children.append(_node(child))
        if child.tail:
            children.append([TEXT, "#text", None, child.tail, []])
    return [
        ELEMENT,
        f"{node.prefix}:{name.localname}" if node.prefix else name.localname,
        name.namespace,
        attributes,
        children,
    ]


DOM = r"""
(function () {
var kinds = {ELEMENT_NODE: 1, ATTRIBUTE_NODE: 2, TEXT_NODE: 3, CDATA_SECTION_NODE: 4, ENTITY_REFERENCE_NODE: 5,
    ENTITY_NODE: 6, PROCESSING_INSTRUCTION_NODE: 7, COMMENT_NODE: 8, DOCUMENT_NODE: 9, DOCUMENT_TYPE_NODE: 10,
    DOCUMENT_FRAGMENT_NODE: 11, NOTATION_NODE: 12};
function list(items) {
    var made = {};
    for (var i = 0; i < items.length; i++) made[i] = items[i];
    return Object.defineProperties(made, {length: {value: items.length},
        item: {value: function (place) { return place in items ? items[place] : null; }}});
}
function map(items) {
    var made = list(items);
    made.getNamedItem = function (name) { return first(items, function (each) { return each.name === name; }); };
    made.getNamedItemNS = function (uri, name) {
        return first(items, function (each) { return each.namespaceURI === uri && each.localName === name; });
    };
    return Object.freeze(made);
}
function first(items, fits) {
    for (var i = 0; i < items.length; i++) if (fits(items[i])) return items[i];
    return null;
}
function below(node, fits) {
    var found = [];
    (function walk(from) {
        for (var child = from.firstChild; child; child = child.nextSibling)
            if (child.nodeType === 1) { if (fits(child)) found.push(child); walk(child); }
    })(node);
    return Object.freeze(list(found));
}
function Node(type, name, uri, value) {
    var colon = name.indexOf(":"), named = type < 3;
    this.nodeType = type;
    this.nodeName = name;
    this.nodeValue = value;
    this.namespaceURI = uri;
    this.prefix = named && colon > 0 ? name.slice(0, colon) : null;
    this.localName = named ? name.slice(colon + 1) : null;
    this.parentNode = this.previousSibling = this.nextSibling = this.firstChild = this.lastChild = null;
    this.attributes = null;
}
for (var kind in kinds) Node[kind] = Node.prototype[kind] = kinds[kind];
// What a transcript shows of a variable that holds one: a node knows its parent and can't be written out whole.
Node.prototype.toJSON = function () { return this.nodeType === 1 ? "<" + this.nodeName + ">" : this.nodeName; };
Node.prototype.hasChildNodes = function () { return this.firstChild !== null; };
Node.prototype.hasAttributes = function () { return this.attributes !== null && this.attributes.length > 0; };
Node.prototype.getElementsByTagName = function (name) {
    return below(this, function (each) { return name === "*" || each.nodeName === name; });
};
Node.prototype.getElementsByTagNameNS = function (uri, name) {
    return below(this, function (each) {
        return (uri === "*" || each.namespaceURI === uri) && (name === "*" || each.localName === name);
    });
};
Node.prototype.getElementById = function () { return null; };
Node.prototype.getAttributeNode = function (name) { return this.attributes.getNamedItem(name); };
Node.prototype.getAttributeNodeNS = function (uri, name) { return this.attributes.getNamedItemNS(uri, name); };
Node.prototype.getAttribute = function (name) { return (this.getAttributeNode(name) || {value: ""}).value; };
Node.prototype.getAttributeNS = function (uri, name) {
    return (this.getAttributeNodeNS(uri, name) || {value: ""}).value;
};
Node.prototype.hasAttribute = function (name) { return this.getAttributeNode(name) !== null; };
Node.prototype.hasAttributeNS = function (uri, name) { return this.getAttributeNodeNS(uri, name) !== null; };
Node.prototype.substringData = function (from, count) { return this.data.substr(from, count); };

function adopt(parent, children, page) {
    var made = [], last = null;
    for (var i = 0; i < children.length; i++) {
        var child = build(children[i], page);
        child.parentNode = parent;
        child.previousSibling = last;
        if (last) last.nextSibling = child;
        made.push(last = child);
    }
    parent.childNodes = Object.freeze(list(made));
    parent.firstChild = made.length ? made[0] : null;
    parent.lastChild = last;
    return made;
}
function build(told, page) {
    var isElement = told[0] === 1, node = new Node(told[0], told[1], told[2], isElement ? null : told[3]);
    node.ownerDocument = page;
    if (isElement) {
        node.tagName = told[1];
        node.attributes = map(told[3].map(function (each) {
            var made = new Node(2, each[0], each[1], each[2]);
            made.name = each[0];
            made.value = each[2];
            made.specified = true;
            made.ownerElement = node;
            made.ownerDocument = page;
            return Object.freeze(made);
        }));
    } else {
        node.data = told[3];
        node.length = told[3].length;
        if (told[0] === 7) node.target = told[1];
    }
    adopt(node, told[4], page);
    return node;
}
function freeze(node) {
    for (var child = node.firstChild; child; child = child.nextSibling) freeze(child);
    Object.freeze(node);
}
return function (text) {
    var page = new Node(9, "#document", null, null);
    page.ownerDocument = page.doctype = null;
    page.documentElement = first(adopt(page, JSON.parse(text), page), function (each) { return each.nodeType === 1; });
    freeze(page);
    return page;
};
})()
"""
