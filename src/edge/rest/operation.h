// One operation of the REST interface, as one row: how it is called, what it takes and answers, who may, and the
// function that does it. The router, the OpenAPI document and the tests are made from these rows and nothing else.
//
// Always true:
//  - Every row says who may: by guards, or by `open_words`, why it is open to everybody. The router runs no other.
//  - Ids, names and schemas are unique; a path template begins with "/api/v1/". Its last parameter may be "{key...}",
//    which takes the rest of the path with its slashes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/units.h"
#include "foundation/json/json.h"
#include "foundation/net/http_message.h"
#include "vault/access/actions.h"

namespace atl::rest {

class Call;

// What an action is asked for.
enum class Place : std::uint8_t {
  home,    // the home itself
  vault,   // the vault as a whole
  bucket,  // the path's {bucket}
  object,  // the path's {bucket} and {key}; where the object is there, its age and tier count
  prefix,  // the path's {bucket}, and in it everything below the query's `prefix`
  inside,  // known only from the body or the state: the handler asks with Call::require() or Call::filter(), before it
           // gets at the vault at all
};

struct Guard {
  access::Action action{};
  Place place = Place::inside;
  // Names of query parameters, separated by spaces: the guard counts only where one of them is given. Empty: always.
  std::string_view when = {};
};

enum class ParameterType : std::uint8_t { text, number, flag };
struct Parameter {
  std::string_view name;
  ParameterType type = ParameterType::text;
  std::string_view words;
  std::vector<std::string_view> choices = {};  // of a text; empty: any
  std::uint64_t number_min = 0;                // of a number
  std::uint64_t number_max = UINT64_MAX;
  std::string_view otherwise = {};  // what is meant where it is not given, for the reader; may be empty
};

struct HeaderParameter {
  std::string_view name;
  std::string_view words;
};

struct Answer {
  unsigned status = 200;
  std::string_view schema;  // "": no content; kAnyBytes; else the name of a schema
  std::string_view words;
  std::string_view media_type = "application/json";
};
inline constexpr std::string_view kAnyBytes = "*";

using Handler = Result<net::Response> (*)(Call&);

struct Operation {
  std::string_view id;      // "object_put": stable, a client's name for it
  std::string_view method;  // "GET"; a HEAD without a row of its own is answered by GET
  std::string_view path;    // "/api/v1/buckets/{bucket}/objects/{key...}"
  std::string_view tag;     // group in the document: "objects"
  std::string_view words;   // one sentence; more lines follow after a line feed
  std::vector<Guard> guards = {};
  std::string_view open_words = {};  // why everybody may, where there are no guards
  std::vector<Parameter> query = {};
  std::vector<HeaderParameter> headers = {};
  std::string_view body = {};         // "": none; kAnyBytes: content; else the name of a schema
  std::size_t body_bytes_max = kMiB;  // of one with a schema
  std::vector<Answer> answers;
  Handler handler = nullptr;
  bool shows_secret = false;  // the answer is the one time that a secret is shown: it is kept nowhere
};

// All operations, in the order of the document.
[[nodiscard]] const std::vector<Operation>& operations();

struct NamedSchema {
  std::string name;
  json::Value schema;
};
// All schemas that rows name, in the order of the document.
[[nodiscard]] const std::vector<NamedSchema>& schemas();
[[nodiscard]] const json::Value* schema_named(std::string_view name);  // null: none

}  // namespace atl::rest
