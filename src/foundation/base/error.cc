#include "foundation/base/error.h"

#include <cstdio>
#include <cstdlib>

namespace atl {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::missing_home: return "missing_home";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::locked: return "locked";
    case ErrorKind::wrong_key: return "wrong_key";
    case ErrorKind::denied: return "denied";
    case ErrorKind::damaged: return "damaged";
    case ErrorKind::no_space: return "no_space";
    case ErrorKind::limit: return "limit";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::interrupted: return "interrupted";
    case ErrorKind::unreachable: return "unreachable";
    case ErrorKind::io: return "io";
    case ErrorKind::failed: return "failed";
  }
  return "failed";
}

void invariant_failed(const char* expression, const char* file, int line, std::string_view why) {
  std::fprintf(stderr, "atoll: internal error at %s:%d: %.*s (%s)\n", file, line, static_cast<int>(why.size()),
               why.data(), expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace atl
