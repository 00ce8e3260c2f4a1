#include "derived/vector/endpoint_address.h"

#include <gtest/gtest.h>

namespace atl::vector {
namespace {

using Kind = EndpointOptions::Kind;

TEST(EndpointAddressTest, ReadsBothProtocols) {
  const auto ollama = parse_endpoint("http://127.0.0.1:11434/api/embed?model=nomic-embed-text").value();
  EXPECT_EQ(ollama.kind, Kind::ollama);
  EXPECT_EQ(ollama.url, "http://127.0.0.1:11434/api/embed");
  EXPECT_EQ(ollama.model, "nomic-embed-text");
  const auto openai =
      parse_endpoint("https://api.example.org/v1?model=e5%2Fbase&query_prefix=query%3A+&document_prefix=p").value();
  EXPECT_EQ(openai.kind, Kind::openai);
  EXPECT_EQ(openai.url, "https://api.example.org/v1/embeddings");
  EXPECT_EQ(openai.model, "e5/base");
  EXPECT_EQ(openai.query_prefix, "query: ");
  EXPECT_EQ(openai.document_prefix, "p");
}

TEST(EndpointAddressTest, AddsTheUsualPath) {
  EXPECT_EQ(parse_endpoint("http://localhost:11434?model=m")->url, "http://localhost:11434/api/embed");
  EXPECT_EQ(parse_endpoint("http://localhost:8080/?model=m")->url, "http://localhost:8080/v1/embeddings");
  EXPECT_EQ(parse_endpoint("http://gpu/own/path?model=m")->url, "http://gpu/own/path");
}

TEST(EndpointAddressTest, WhatIsWrittenReadsBackTheSame) {
  for (const std::string text : {"http://127.0.0.1:11434/api/embed?model=nomic-embed-text:latest",
                                 "https://h/v1/embeddings?model=a%20b&query_prefix=query%3A%20&document_prefix=%26"}) {
    EXPECT_EQ(endpoint_text(parse_endpoint(text).value()), text);
  }
}

TEST(EndpointAddressTest, RefusesWhatIsNoServer) {
  for (const std::string text :
       {"", "ftp://h?model=m", "http://?model=m", "http://h", "http://h?model=", "http://u:p@h?model=m",
        "http://h?model=m&key=secret", "http://h/a b?model=m", "http://h?model=%zz"}) {
    const auto read = parse_endpoint(text);
    EXPECT_FALSE(read) << text;
    if (!read) EXPECT_EQ(read.error().kind, ErrorKind::usage) << text;
  }
}

TEST(EndpointAddressTest, KnowsThisMachine) {
  const auto is_here = [](std::string_view url) { return parse_endpoint_address(url).value().is_this_machine(); };
  EXPECT_TRUE(is_here("http://localhost:1"));
  EXPECT_TRUE(is_here("http://127.0.0.1:11434/api"));
  EXPECT_TRUE(is_here("http://[::1]:80"));
  EXPECT_FALSE(is_here("http://127.0.0.1.example.org"));
  EXPECT_FALSE(is_here("http://localhost.example.org"));
  EXPECT_FALSE(is_here("http://192.168.0.1"));
}

}  // namespace
}  // namespace atl::vector
