"""XML files from elsewhere, read without the declarations by which a small file grows huge."""

from pathlib import Path
from xml.etree import ElementTree


class _Plain(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ElementTree.ParseError(f"it declares a document type ({name}), which is not taken")


def root_of(path: Path) -> ElementTree.Element:
    """The root of an XML file.

    Raises
    ------
    OSError, xml.etree.ElementTree.ParseError
        If it can't be read, is no XML, or declares a document type and with it entities.
    """
    return ElementTree.parse(path, ElementTree.XMLParser(target=_Plain())).getroot()
