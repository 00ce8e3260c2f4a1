#include "edge/rest/router.h"

#include <algorithm>

#include "foundation/net/uri.h"

namespace atl::rest {

Router::Router(const std::vector<Operation>& operations) {
  for (const Operation& operation : operations) {
    Route fresh;
    std::string_view rest = operation.path.substr(1);
    for (bool goes_on = true; goes_on;) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      std::string_view text = rest.substr(0, end);
      Piece piece{text};
      if (text.starts_with('{')) {
        piece.is_parameter = true;
        piece.takes_rest = text.ends_with("...}");
        piece.text = text.substr(1, text.size() - (piece.takes_rest ? 5 : 2));
      }
      fresh.pieces.push_back(piece);
      goes_on = end < rest.size();
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const auto same = std::ranges::find_if(
        routes_, [&](const Route& route) { return route.operations.front()->path == operation.path; });
    if (same != routes_.end()) {
      same->operations.push_back(&operation);
    } else {
      fresh.operations.push_back(&operation);
      routes_.push_back(std::move(fresh));
    }
  }
  // A literal piece sorts before a parameter at the same place.
  std::ranges::stable_sort(routes_, [](const Route& a, const Route& b) {
    return std::ranges::lexicographical_compare(a.pieces, b.pieces, {}, &Piece::is_parameter, &Piece::is_parameter);
  });
}

bool Router::matches(const Route& route, const std::vector<std::string>& pieces, PathValues& values) {
  values.clear();
  for (std::size_t i = 0; i < route.pieces.size(); ++i) {
    const Piece& piece = route.pieces[i];
    if (i >= pieces.size()) return false;
    if (piece.takes_rest) {
      std::string rest = pieces[i];
      for (std::size_t next = i + 1; next < pieces.size(); ++next) rest += "/" + pieces[next];
      if (rest.empty()) return false;
      values.emplace_back(piece.text, std::move(rest));
      return true;
    }
    if (piece.is_parameter) {
      if (pieces[i].empty()) return false;
      values.emplace_back(piece.text, pieces[i]);
    } else if (piece.text != pieces[i]) {
      return false;
    }
  }
  return pieces.size() == route.pieces.size();
}

Result<Router::Found> Router::find(std::string_view method, std::string_view path) const {
  ATOLL_ASSIGN(const auto pieces, net::split_path(path));
  Found found;
  for (const Route& route : routes_) {
    if (!matches(route, pieces, found.path)) continue;
    const Operation* got = nullptr;
    for (const Operation* const operation : route.operations) {
      found.methods += (found.methods.empty() ? "" : ", ") + std::string(operation->method);
      if (operation->method == "GET") got = operation;
      if (operation->method == method) found.operation = operation;
    }
    if (found.operation == nullptr && method == "HEAD") found.operation = got;
    return found;
  }
  found.path.clear();
  return found;
}

}  // namespace atl::rest
