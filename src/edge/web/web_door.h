// The page in a browser: everything that no other door takes. Its files are in the program; they are for everybody, for
// what they show comes from /api/v1, which asks who somebody is.
//
//     /                          the page
//     /ui/…, /s/…                the page; its script reads from the address what to show ("/s/" is a shared link)
//     /ui/assets/NAME            its files, kept by browsers for ever
//     /favicon.ico, /robots.txt
//
// Always true: no inline script or style and nothing from elsewhere (Content-Security-Policy); nobody may frame it.
// Thread rules: any thread, many at once.
#pragma once

#include "edge/server/front.h"
#include "edge/web/assets.h"

namespace atl::web {

// `path` without the query; `base_path` is where the server's root is as browsers see it: "/", or "/files/" behind a
// proxy.
[[nodiscard]] net::Response answer_page(std::span<const Asset> assets, const net::Request& request,
                                        std::string_view path, std::string_view base_path);

class WebDoor final : public server::Door {
 public:
  // `assets` is borrowed.
  explicit WebDoor(std::span<const Asset> assets) : assets_(assets) {}

  [[nodiscard]] std::string_view name() const override { return "web"; }
  [[nodiscard]] bool takes(const server::Exchange& exchange) const override;
  // The files are for everybody: a session that is over must not keep the page from asking for a new one.
  [[nodiscard]] bool signs_in_itself() const override { return true; }
  [[nodiscard]] net::Response answer(server::Exchange& exchange) override;

 private:
  std::span<const Asset> assets_;
};

}  // namespace atl::web
