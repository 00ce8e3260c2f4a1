#include "vault/access/password_strength.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace atl::access {
namespace {

bool is_refused(std::string_view password, std::span<const std::string_view> near_words = {}) {
  return guess_bits(password, near_words) < kGuessBitsMin;
}

TEST(PasswordStrength, CommonPasswordsFallAlsoWithDigitsBehindAndLettersReplaced) {
  for (const char* common : {"password", "password1", "12345678", "qwertyuiop", "iloveyou1", "trustno1", "baseball",
                             "football1", "sunshine", "princess1", "superman1", "letmein123", "passw0rd1", "abcdefgh",
                             "aaaaaaaaaaaaaaaaaaaa", "Passwort1", "11111111", "abc12345"}) {
    EXPECT_TRUE(is_refused(common)) << common << " " << guess_bits(common, {});
  }
}

TEST(PasswordStrength, WordsInARowAndRandomLettersStand) {
  for (const char* good : {"correct horse battery", "a long password", "sea and sand", "xk7dqpzm",
                           "grosse elefanten baden", "\u00e4pfel im garten"}) {
    EXPECT_FALSE(is_refused(good)) << good << " " << guess_bits(good, {});
  }
}

TEST(PasswordStrength, WhatIsKnownOfTheAccountCountsForNothing) {
  constexpr std::array<std::string_view, 3> known{"wolfelschneegger", "", "hubertina.quast@example.org"};
  EXPECT_FALSE(is_refused("wolfelschneegger"));
  EXPECT_TRUE(is_refused("wolfelschneegger", known));
  EXPECT_TRUE(is_refused("hubertina.quast", known));
  EXPECT_FALSE(is_refused("hubertina eats green apples", known));
}

TEST(PasswordStrength, LongOnesAndZerosInsideDoNotConfuseIt) {
  EXPECT_TRUE(is_refused(std::string_view("password\0 and much that nobody guesses", 38)));
  EXPECT_TRUE(is_refused(std::string(1024, 'a')));
  EXPECT_TRUE(is_refused(""));
}

}  // namespace
}  // namespace atl::access
