// Bodies of PROPFIND, PROPPATCH and LOCK; dead properties in metadata; times that clients set.
#include "edge/webdav/properties.h"

#include <gtest/gtest.h>

namespace atl::webdav {
namespace {

TEST(WebDavProperties, APropfindAsksForAllForNamesOrForSome) {
  EXPECT_EQ(parse_propfind("")->kind, PropfindRequest::Kind::all);
  EXPECT_EQ(parse_propfind("<propfind xmlns='DAV:'><propname/></propfind>")->kind, PropfindRequest::Kind::names);
  const auto some = parse_propfind(
      "<p:propfind xmlns:p='DAV:'><p:prop><p:getetag/><q:x xmlns:q='urn:q'/><y xmlns=''/></p:prop></p:propfind>");
  ASSERT_TRUE(some);
  EXPECT_EQ(some->wanted, (std::vector<PropertyName>{{"DAV:", "getetag"}, {"urn:q", "x"}, {"", "y"}}));
  const auto more =
      parse_propfind("<propfind xmlns='DAV:'><allprop/><include><quota-used-bytes/></include></propfind>");
  ASSERT_TRUE(more);
  EXPECT_EQ(more->kind, PropfindRequest::Kind::all);
  EXPECT_EQ(more->wanted.size(), 1U);
}

TEST(WebDavProperties, BodiesThatAreSomethingElseAreRefused) {
  EXPECT_EQ(parse_propfind("<propfind xmlns='urn:x'><allprop/></propfind>").error().id, "dav.bad_body");
  EXPECT_EQ(parse_propfind("<propfind xmlns='DAV:'/>").error().id, "dav.bad_body");
  EXPECT_EQ(parse_propfind("<propfind xmlns='DAV:'><allprop/><propname/></propfind>").error().id, "dav.bad_body");
  EXPECT_EQ(parse_propfind("<propfind xmlns='DAV:'><allprop>").error().id, "xml.malformed");
  EXPECT_EQ(parse_propfind("<!DOCTYPE a [<!ENTITY b 'c'>]><propfind xmlns='DAV:'><allprop/></propfind>").error().id,
            "xml.doctype_refused");
  std::string many = "<propfind xmlns='DAV:'><prop>";
  for (std::size_t i = 0; i <= kNamesMax; ++i) many += "<a/>";
  EXPECT_EQ(parse_propfind(many + "</prop></propfind>").error().kind, ErrorKind::limit);
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a xmlns='DAV:'>";
  EXPECT_EQ(parse_propfind(deep).error().id, "xml.too_large");
  EXPECT_FALSE(parse_proppatch(""));
  EXPECT_EQ(parse_proppatch("<propertyupdate xmlns='DAV:'/>").error().id, "dav.bad_body");
}

TEST(WebDavProperties, AProppatchIsReadInItsOrderWithTheLanguageAroundIt) {
  const auto changes = parse_proppatch(
      "<D:propertyupdate xmlns:D='DAV:' xmlns:z='urn:z'><D:set><D:prop xml:lang='de'><z:a>eins</z:a></D:prop></D:set>"
      "<D:remove><D:prop><z:b/></D:prop></D:remove><D:set><D:prop><z:c xml:lang='fr'>trois</z:c></D:prop></D:set>"
      "</D:propertyupdate>");
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 3U);
  EXPECT_EQ((*changes)[0].name, (PropertyName{"urn:z", "a"}));
  Metadata metadata;
  ASSERT_TRUE(set_dead_property(metadata, (*changes)[0].name, *(*changes)[0].value));
  EXPECT_EQ(dead_property(metadata, {"urn:z", "a"}), "<a xmlns=\"urn:z\" xml:lang=\"de\">eins</a>");
  EXPECT_FALSE((*changes)[1].value);
  ASSERT_TRUE((*changes)[2].value);
  EXPECT_EQ((*changes)[2].value->attributes[0].value, "fr");
}

TEST(WebDavProperties, DeadOnesAreKeptAsTheyWereWritten) {
  const std::string piece =
      "<a xmlns=\"urn:x\">one<b xmlns=\"\" k=\"v&amp;\">two</b>three<c xmlns=\"urn:y\" xmlns:n1=\"urn:z\" "
      "n1:q=\"w\"/></a>";
  const auto element = xml::read(piece);
  ASSERT_TRUE(element);
  Metadata metadata = {{"place", "reef"}, {"dav:{broken", "x"}, {"dav:{urn:x}no-xml", "<a>"}};
  ASSERT_TRUE(set_dead_property(metadata, {"urn:x", "a"}, *element));
  EXPECT_EQ(dead_property(metadata, {"urn:x", "a"}), piece);
  const auto all = dead_properties(metadata);
  ASSERT_EQ(all.size(), 1U) << "what is no XML would break every answer";
  EXPECT_EQ(all[0].first, (PropertyName{"urn:x", "a"}));
  EXPECT_FALSE(dead_property(metadata, {"urn:x", "no-xml"}));
  remove_dead_property(metadata, {"urn:x", "a"});
  EXPECT_TRUE(dead_properties(metadata).empty());
  EXPECT_EQ(metadata.at("place"), "reef");
}

TEST(WebDavProperties, DeadOnesAreBoundedInSizeAndNumber) {
  Metadata metadata;
  xml::Element element;
  element.space = "urn:x";
  element.name = "a";
  element.text = std::string(kDeadPropertyBytesMax, 'x');
  EXPECT_EQ(set_dead_property(metadata, {"urn:x", "a"}, element).error().id, "dav.property_too_large");
  EXPECT_TRUE(metadata.empty());
  element.text = "x";
  for (std::size_t i = 0; i < kDeadPropertiesMax; ++i)
    ASSERT_TRUE(set_dead_property(metadata, {"urn:x", "a" + std::to_string(i)}, element)) << i;
  EXPECT_EQ(set_dead_property(metadata, {"urn:x", "b"}, element).error().id, "dav.too_many_properties");
  EXPECT_TRUE(set_dead_property(metadata, {"urn:x", "a0"}, element)) << "one that is there may be set again";
}

TEST(WebDavProperties, ALockIsAskedForWithItsScopeAndOwner) {
  const auto lock = parse_lock(
      "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype>"
      "<D:owner><D:href>mailto:a&amp;b</D:href></D:owner></D:lockinfo>");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(lock->is_exclusive);
  EXPECT_EQ(lock->owner, "<owner xmlns=\"DAV:\"><href>mailto:a&amp;b</href></owner>");
  EXPECT_FALSE(parse_lock("<D:lockinfo xmlns:D='DAV:'><D:lockscope/><D:locktype><D:write/></D:locktype></D:lockinfo>"));
  EXPECT_FALSE(parse_lock("<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope></D:lockinfo>"));
  EXPECT_EQ(parse_timeout_s("Second-120"), 120);
  EXPECT_EQ(parse_timeout_s("Extend, Second-7"), 7);
  EXPECT_EQ(parse_timeout_s("Infinite, Second-4100000000"), INT64_MAX);
  EXPECT_EQ(parse_timeout_s("Second-x, nonsense"), 0);
}

TEST(WebDavProperties, TimesComeInTheFormsThatClientsSend) {
  EXPECT_EQ(parse_modified("981173106", 0).value(), (FileTime{981173106, 0}));
  EXPECT_EQ(parse_modified(" 981173106.25 ", 0).value(), (FileTime{981173106, 250'000'000}));
  EXPECT_EQ(parse_modified("-5", 0).value(), (FileTime{-5, 0}));
  EXPECT_EQ(parse_modified("Sat, 03 Feb 2001 04:05:06 GMT", 0).value(), (FileTime{981173106, 0}));
  EXPECT_EQ(parse_modified("2001-02-03T04:05:06Z", 0).value(), (FileTime{981173106, 0}));
  for (const char* text : {"", "x", "1x", "1.", "1.x", "99999999999999999999"})
    EXPECT_EQ(parse_modified(text, 0).error().id, "dav.bad_time") << text;
}

TEST(WebDavProperties, TheTimeIsNotedAsS3ClientsReadIt) {
  Metadata metadata = {{"header:content-encoding", "gzip"}, {"mtime", "1"}, {"place", "reef"}};
  const auto noted = [&](FileTime time) {
    note_modified(metadata, time);
    return metadata.at("mtime");
  };
  EXPECT_EQ(noted({981173106, 0}), "981173106");
  EXPECT_EQ(noted({981173106, 250'000'000}), "981173106.25");
  EXPECT_EQ(noted({-1, 500'000'000}), "-0.5");
  EXPECT_EQ(noted({-5, 0}), "-5");
  forget_content_fields(metadata);
  EXPECT_EQ(metadata, (Metadata{{"place", "reef"}}));
}

TEST(WebDavProperties, TextThatXmlCannotHoldIsShownAsReplaced) {
  std::string out;
  append_text(out, "a\x01<b>\xFF\t");
  EXPECT_EQ(out, "a\xEF\xBF\xBD&lt;b&gt;\xEF\xBF\xBD&#x9;");
  EXPECT_TRUE(xml::read("<x>" + out + "</x>"));
}

}  // namespace
}  // namespace atl::webdav
