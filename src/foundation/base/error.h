// Errors as values. Every fallible function that crosses a module border returns Result<T>;
// exceptions never do.
//
// Always true:
//  - A new ErrorKind exists only where some caller reacts differently to it; everything else is context in `message`.
//  - `id` is stable across releases ("pack.group_damaged"): scripts, tests and the error table refer to it.
//  - The namespace is `atl`: `atoll` is a function of the C library.
//  - `message` says what happened and to what; `hint` says what to do next (may be empty inside the lower floors).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace atl {

enum class ErrorKind : std::uint8_t {
  usage,         // the caller's input is malformed or impossible
  not_found,     // the named thing does not exist
  missing_home,  // there is no Atoll home (or vault) where one was expected
  conflict,      // a precondition does not hold, or the thing exists already
  locked,        // another process owns it, or it has to be unlocked first
  wrong_key,     // a secret opens nothing here
  denied,        // it is known who asks, and they may not
  damaged,       // stored bytes are not what was written
  no_space,      // the device (or the reserve) is full; deleting may help
  limit,         // a configured or format limit would be passed
  unsupported,   // a format or feature this program does not know
  interrupted,   // the user or a signal asked to stop
  unreachable,   // a peer or back end does not answer
  io,            // the operating system failed us; state of the touched file is unknown after a failed write or sync
  failed,        // anything nobody can react to specifically
};

struct Error {
  ErrorKind kind = ErrorKind::failed;
  std::string id;       // stable, "noun.what_happened"
  std::string message;  // for people, no trailing full stop needed
  std::string hint;     // next step for people, or empty
  int os_error = 0;     // errno where one was the cause

  // "what: message": the outer floor's view, keeping kind, id and hint.
  [[nodiscard]] Error with_context(std::string_view what) && {
    message = std::string(what) + ": " + message;
    return std::move(*this);
  }
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string id, std::string message,
                                                std::string hint = {}, int os_error = 0) {
  return tl::unexpected<Error>(Error{kind, std::move(id), std::move(message), std::move(hint), os_error});
}

[[nodiscard]] inline tl::unexpected<Error> pass(Error error) { return tl::unexpected<Error>(std::move(error)); }

// Stable lower-case name of a kind, for JSON and logs.
[[nodiscard]] std::string_view name_of(ErrorKind kind);

// Drops a result on purpose, for clean-up paths where a second error could not be acted on. The name can be searched.
template <class T>
void ignore_error_on_purpose(const Result<T>& /*result*/) {}

// A broken invariant means we are wrong, not the world: the program stops, in release builds too.
[[noreturn]] void invariant_failed(const char* expression, const char* file, int line, std::string_view why);

}  // namespace atl

// NOLINTBEGIN(cppcoreguidelines-macro-usage): they return from the caller, which no function can.
#define ATOLL_INVARIANT(expression, why)                               \
  do {                                                                 \
    if (!(expression)) [[unlikely]] {                                  \
      ::atl::invariant_failed(#expression, __FILE__, __LINE__, (why)); \
    }                                                                  \
  } while (false)

#define ATOLL_CONCAT_INNER(a, b) a##b
#define ATOLL_CONCAT(a, b) ATOLL_CONCAT_INNER(a, b)

// ATOLL_TRY(expression): returns the error of a Result, or goes on.
#define ATOLL_TRY(expression) ATOLL_TRY_INNER(ATOLL_CONCAT(atoll_try_, __LINE__), expression)
#define ATOLL_TRY_INNER(temporary, expression)                             \
  do {                                                                     \
    auto&& temporary = (expression);                                       \
    if (!temporary) [[unlikely]] {                                         \
      return ::tl::unexpected<::atl::Error>(std::move(temporary).error()); \
    }                                                                      \
  } while (false)

// ATOLL_ASSIGN(auto file, open(path)): declares or assigns the value of a Result, or returns its error.
#define ATOLL_ASSIGN(declaration, expression) \
  ATOLL_ASSIGN_INNER(ATOLL_CONCAT(atoll_assign_, __LINE__), declaration, expression)
#define ATOLL_ASSIGN_INNER(temporary, declaration, expression)           \
  auto temporary = (expression);                                         \
  if (!temporary) [[unlikely]] {                                         \
    return ::tl::unexpected<::atl::Error>(std::move(temporary).error()); \
  }                                                                      \
  declaration = std::move(*temporary)
// NOLINTEND(cppcoreguidelines-macro-usage)
