// One call of every operation at least, in an order that makes sense from an empty vault on: `ada` makes them all.
// Always true: a row without a sample is a failing test.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "edge/rest/testing/rest_world.h"

namespace atl::rest::testing {

struct Sample {
  std::string id;      // of the operation
  std::string target;  // "{name}" is replaced by what an earlier sample kept
  std::string body = {};
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> keep = {};  // name, member of the answer
  std::vector<net::Header> headers = {};
  std::string keep_location = {};  // name, for the last piece of the answer's Location
  bool is_from_here = false;       // asked on the server's own machine
  bool is_list = false;            // whoever may see nothing of it gets an empty list
};

[[nodiscard]] std::vector<Sample> samples();
[[nodiscard]] std::vector<Sample> admin_samples();  // the last of them

// `text` with "{name}" by what earlier samples kept.
[[nodiscard]] std::string filled(std::string text, const std::map<std::string, std::string>& kept);
// What later samples need of the answer to this one, where it was done.
void keep(const Sample& sample, const Reply& reply, std::map<std::string, std::string>& kept);

}  // namespace atl::rest::testing
