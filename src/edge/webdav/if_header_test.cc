// The If field: its grammar, what it says, and that nothing half-read passes.
#include "edge/webdav/if_header.h"

#include <gtest/gtest.h>

namespace atl::webdav {
namespace {

bool holds(std::string_view text, const IfState& here, const IfState& there = {}) {
  const auto field = parse_if(text);
  EXPECT_TRUE(field) << text;
  if (!field) return false;
  return evaluate_if(
             *field,
             [&](const std::optional<std::string>& resource) -> Result<IfState> { return resource ? there : here; })
      .value();
}

TEST(WebDavIf, ListsOfOneResourceAreAlternativesOfConditionsThatAllHold) {
  const IfState state{{"urn:a"}, net::EntityTag{"e1", false}};
  EXPECT_TRUE(holds("(<urn:a>)", state));
  EXPECT_FALSE(holds("(<urn:b>)", state));
  EXPECT_TRUE(holds("(<urn:b>) (<urn:a>)", state));
  EXPECT_TRUE(holds("(<urn:a> [\"e1\"])", state));
  EXPECT_FALSE(holds("(<urn:a> [\"e2\"])", state));
  EXPECT_TRUE(holds("(<urn:a> [\"e2\"]) ([\"e1\"])", state));
  EXPECT_TRUE(holds("(Not <urn:b>)", state));
  EXPECT_FALSE(holds("(not <urn:a>)", state));
  EXPECT_TRUE(holds("(<urn:b>)(Not <DAV:no-lock>)", state)) << "what clients send to submit a token in any case";
  EXPECT_FALSE(holds("([W/\"e1\"])", state)) << "a weak tag says nothing about bytes";
  EXPECT_FALSE(holds("([\"e1\"])", {})) << "nothing is there";
  EXPECT_TRUE(holds("(Not [\"e1\"])", {}));
}

TEST(WebDavIf, TaggedListsAskTheResourceTheyName) {
  const IfState there{{"urn:a"}, net::EntityTag{"e]1", false}};
  EXPECT_TRUE(holds("</dav/b/x> (<urn:a>)", {}, there));
  EXPECT_FALSE(holds("</dav/b/x> (<urn:b>)", {}, there));
  EXPECT_TRUE(holds("<http://h/dav/b/x>(<urn:b>)(<urn:a> [\"e]1\"]) </dav/b/y> (<urn:b>)", {}, there));
  EXPECT_EQ(parse_if("</x> (<urn:a> Not <urn:b>) (<urn:c> [\"e\"])")->tokens(),
            (std::vector<std::string>{"urn:a", "urn:b", "urn:c"}));
}

TEST(WebDavIf, WhatIsNotWellFormedIsRefused) {
  for (const char* text : {"",
                           " ",
                           "(",
                           "()",
                           ")",
                           "(<>)",
                           "(<urn:a)",
                           "([e])",
                           "([\"e)",
                           "([\"e\")",
                           "<urn:a>",
                           "</x>",
                           "</x> </y> (<a>)",
                           "(<urn:a>) </x> (<urn:b>)",
                           "(<urn:a>) x",
                           "(urn:a)",
                           "(Not)",
                           "(Not Not <a>)",
                           "(NotX<a>)",
                           "<> (<a>)"}) {
    EXPECT_FALSE(parse_if(text)) << text;
  }
  std::string many = "(";
  for (std::size_t i = 0; i < kIfConditionsMax; ++i) many += "<a>";
  EXPECT_TRUE(parse_if(many + ")"));
  EXPECT_EQ(parse_if(many + "<a>)").error().kind, ErrorKind::limit);
}

}  // namespace
}  // namespace atl::webdav
