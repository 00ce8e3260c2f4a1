// How many guesses a password would stand: the estimate of zxcvbn (D. L. Wheeler, "zxcvbn: Low-Budget Password Strength
// Estimation", USENIX Security 2016), from the dictionaries that come with its library: common passwords, words, names,
// keyboard rows, sequences, dates, and letters replaced by digits that look like them.
//
// Always true: nothing is sent or kept; the same password gives the same answer. Only the first bytes of a long one are
// looked at, up to a NUL: it is never taken for stronger than it is.
// Thread rules: any thread. Complexity: bounded by a hundred letters and their words.
#pragma once

#include <span>
#include <string_view>

namespace atl::access {

// A million guesses. Beyond that the limits on signing in, and Argon2id where a hash got out, make trying slow. Every
// password of the commonest thousands is far below it.
inline constexpr double kGuessBitsMin = 20.0;

// The logarithm, to base 2, of how many guesses. `near_words` are what somebody who knows the account would try first.
[[nodiscard]] double guess_bits(std::string_view password, std::span<const std::string_view> near_words);

}  // namespace atl::access
