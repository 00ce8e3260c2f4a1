// A home in memory with all doors and an account for every role, and requests made as any of them.
// Always true: each role asks in a world of its own, so that what one is allowed changes nothing for the others.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/rest/testing/rest_world.h"
#include "edge/s3/signature.h"

namespace atl::rights {

// Everybody who asks has a letter: tables name those who may.
struct Role {
  char letter;
  std::string_view words;
  // Whose letter stands for this one in tables; 0: nobody's, they may nothing.
  char as;
};
// o owner, e editor, r reader, a agent, u auditor; and those made after a pattern: p physics_engine, b observer,
// v archivist, q quantum_engineer, t real_time_processor, y analytics_engine, d data_scientist.
[[nodiscard]] std::span<const Role> roles();
[[nodiscard]] bool may(const Role& role, std::string_view letters);
inline void PrintTo(const Role& role, std::ostream* out) { *out << role.words; }  // for GoogleTest

using rest::testing::Reply;
using Fields = std::vector<std::pair<std::string, std::string>>;

// As the body of a POST with S3: a form with one small file in its place, signed as forms are.
inline constexpr std::string_view kForm = "(a form)";

class RightsWorld {
 public:
  explicit RightsWorld(const Role& role);

  // As the role, or as the owner who makes what is asked for. REST and WebDAV.
  Reply ask(const std::string& method, const std::string& target, const std::string& body = {},
            const net::Headers& headers = {});
  Reply ask_as_owner(const std::string& method, const std::string& target, const std::string& body = {},
                     net::Headers headers = {});
  // The same, signed as S3 has it.
  Reply ask_s3(const std::string& method, const std::string& target, const std::string& body = {}, Fields fields = {});
  Reply ask_s3_as_owner(const std::string& method, const std::string& target, const std::string& body = {},
                        Fields fields = {});
  void come_from_here(bool is_here) { world_.come_from_here(is_here); }
  // The number of the last change of the vault.
  [[nodiscard]] std::uint64_t last_change() { return world_.vault().journal().last().value; }

 private:
  Reply ask_signed(const s3::Credentials& who, const std::string& method, const std::string& target,
                   const std::string& body, Fields fields);
  rest::testing::RestWorld world_;
  std::string authorization_;  // empty: nobody
  s3::Credentials s3_key_, owner_s3_key_;
};

}  // namespace atl::rights
