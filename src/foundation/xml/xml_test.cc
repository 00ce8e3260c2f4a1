#include "foundation/xml/xml.h"

#include <gtest/gtest.h>

namespace atl::xml {
namespace {

TEST(XmlRead, GivesElementsTextAndAttributesWithResolvedNames) {
  const auto root = read(
      "<?xml version=\"1.0\"?><!-- note --><a xmlns=\"urn:x\" xmlns:y=\"urn:y\"><b k=\"1\" y:t=\"G\">one &amp; "
      "<![CDATA[<two>]]></b><y:b>&#228;</y:b><c/></a>");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->space, "urn:x");
  EXPECT_EQ(root->name, "a");
  ASSERT_EQ(root->children.size(), 3U);
  EXPECT_EQ(root->text_of("b"), "one & <two>");
  ASSERT_EQ(root->children[0].attributes.size(), 2U);
  EXPECT_EQ(root->children[0].attributes[1].space, "urn:y");
  EXPECT_EQ(root->children[0].attributes[1].name, "t");
  EXPECT_EQ(root->children[1].space, "urn:y");
  EXPECT_EQ(root->children[1].text, "ä");
  EXPECT_EQ(root->child("d"), nullptr);
  EXPECT_EQ(root->text_of("d"), "");
}

TEST(XmlRead, RefusesWhatIsNotWellFormed) {
  for (const char* document :
       {"", "text", "<a>", "<a></b>", "<a/><b/>", "<a b=1/>", "<a b='1' b='2'/>", "<a>&nope;</a>", "<a>\x01</a>",
        "<a>\xff</a>", "<a>&#0;</a>", "<y:a/>", "<a xmlns:y='u&#10;v'/>"}) {
    const auto root = read(document);
    ASSERT_FALSE(root) << document;
    EXPECT_EQ(root.error().id, "xml.malformed") << document;
  }
}

TEST(XmlRead, RefusesEveryDoctypeSoThatNothingExpands) {
  for (const char* document :
       {"<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"http://example.org/x.dtd\"><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><a>&c;&c;&c;</a>"}) {
    const auto root = read(document);
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().id, "xml.doctype_refused") << document;
  }
}

TEST(XmlRead, StopsAtItsLimits) {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "<a>";
  for (int i = 0; i < 20; ++i) deep += "</a>";
  std::string wide = "<a>";
  for (int i = 0; i < 100; ++i) wide += "<b/>";
  wide += "</a>";
  ReadLimits limits;
  EXPECT_EQ(read(deep, limits).error().id, "xml.too_large");
  limits.depth_max = 20;
  EXPECT_TRUE(read(deep, limits));
  limits.elements_max = 100;
  EXPECT_EQ(read(wide, limits).error().id, "xml.too_large");
  limits.elements_max = 101;
  EXPECT_TRUE(read(wide, limits));
  limits.bytes_max = wide.size() - 1;
  EXPECT_EQ(read(wide, limits).error().id, "xml.too_large");
  limits.attributes_max = 1;
  EXPECT_EQ(read("<a b='' c=''/>", limits).error().id, "xml.too_large");
}

TEST(XmlWriter, WritesWhatTheReaderReads) {
  Writer writer;
  writer.begin("List", "urn:x").element("Key", "a<b>&\"c\"\t\n ä").begin("Empty").end();
  writer.begin("Grantee").attribute("type", "a\"b").text("x").end().end();
  const std::string document = writer.finish();
  const auto root = read(document);
  ASSERT_TRUE(root) << document;
  EXPECT_EQ(root->space, "urn:x");
  EXPECT_EQ(root->text_of("Key"), "a<b>&\"c\"\t\n ä");
  ASSERT_NE(root->child("Empty"), nullptr);
  EXPECT_EQ(root->child("Grantee")->attributes[0].value, "a\"b");
}

TEST(XmlWriter, APieceStandsInAnyDocumentAndIsTheSameTreeThere) {
  const std::string source =
      "<p:a xmlns:p='urn:p' xmlns:q='urn:q' q:k='1' k='2' xml:lang='de'>one<b>two<p:c/></b>three<q:d>f&amp;&lt;</q:d>"
      "four</p:a>";
  const auto tree = read(source);
  ASSERT_TRUE(tree);
  std::string piece;
  ASSERT_TRUE(append_standalone(piece, *tree));
  EXPECT_EQ(piece,
            "<a xmlns=\"urn:p\" xmlns:n1=\"urn:q\" n1:k=\"1\" k=\"2\" xml:lang=\"de\">one<b xmlns=\"\">two"
            "<c xmlns=\"urn:p\"/></b>three<d xmlns=\"urn:q\">f&amp;&lt;</d>four</a>");
  Writer writer;
  writer.begin("D:outer", "urn:default").attribute("xmlns:D", "DAV:").fragment(piece).end();
  const auto outer = read(writer.finish());
  ASSERT_TRUE(outer);
  ASSERT_EQ(outer->children.size(), 1U);
  std::string again;
  ASSERT_TRUE(append_standalone(again, outer->children[0]));
  EXPECT_EQ(again, piece);
  Element reserved;
  reserved.space = "http://www.w3.org/2000/xmlns/";
  reserved.name = "x";
  EXPECT_EQ(append_standalone(again, reserved).error().id, "xml.reserved_name");
}

TEST(XmlWriter, WritesOnlyUtf8) {
  std::string out;
  append_escaped(out, "a\xff\xc3(\x01\x1f\xed\xa0\x80\xf0\x9f\x98\x80");
  EXPECT_EQ(out, "a\xEF\xBF\xBD\xEF\xBF\xBD(&#x1;&#x1f;\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xf0\x9f\x98\x80");
  out.clear();
  append_escaped(out, std::string_view("a\0b", 3));
  EXPECT_EQ(out,
            "a\xEF\xBF\xBD"
            "b")
      << "no reference stands for it";
}

}  // namespace
}  // namespace atl::xml
