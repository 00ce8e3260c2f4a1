// From method and path to an operation.
// Always true: literal pieces of a template count before parameters, so that a path means one operation. Pieces are
// decoded once, each for itself; "{key...}" is the rest of the path, its pieces joined with '/' again, so that a slash
// and "%2F" say the same.
// Complexity: linear in the number of templates with as many pieces; well below a microsecond for a hundred.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/rest/call.h"
#include "edge/rest/operation.h"

namespace atl::rest {

class Router {
 public:
  explicit Router(const std::vector<Operation>& operations);

  struct Found {
    const Operation* operation = nullptr;  // null: none with this method
    PathValues path;
    std::string methods;  // that this path has, "GET, PUT"; empty: nothing is at this path
  };
  // "uri.bad_percent" (usage) where the path cannot be decoded.
  [[nodiscard]] Result<Found> find(std::string_view method, std::string_view path) const;

 private:
  struct Piece {
    std::string_view text;  // of a parameter: its name
    bool is_parameter = false;
    bool takes_rest = false;
  };
  struct Route {
    std::vector<Piece> pieces;
    std::vector<const Operation*> operations;  // one for each method
  };
  [[nodiscard]] static bool matches(const Route& route, const std::vector<std::string>& pieces, PathValues& values);
  std::vector<Route> routes_;  // more literal ones first
};

}  // namespace atl::rest
