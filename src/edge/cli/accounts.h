// The home's accounts for one command: the control vault opened, and what commands about people share.
// Always true: passwords come from a file, a program or the terminal, never from arguments.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/cli/session.h"
#include "vault/access/access.h"
#include "vault/access/person_export.h"

namespace atl::cli {

enum class Opens : std::uint8_t { to_read, to_write };

// Opens the control vault (made where it is missing and `opens` writes), works, closes.
[[nodiscard]] Result<int> with_accounts(Session& session, Opens opens,
                                        const std::function<Result<int>(access::Access&)>& work);
// Whoever runs the program on the home itself, or sent the command to the server that runs it.
[[nodiscard]] access::Who asker(const Session& session);

// Every vault of the home that can be opened for reading; of each that cannot, a warning.
struct OpenedVaults {
  std::vector<std::unique_ptr<vault::Vault>> handles;
  std::vector<access::NamedVault> named;
  std::vector<access::UnreadVault> left_out;
};
[[nodiscard]] Result<OpenedVaults> open_all_vaults(Session& session);

// Where a password comes from: the terminal (twice) where neither is given.
struct PasswordSource {
  std::string file;
  std::string command;
};
[[nodiscard]] Result<std::string> read_new_password(Session& session, const PasswordSource& source,
                                                    const std::string& prompt);

// "bucket/prefix" in the vault that --vault names, or the only one. "" everywhere, or in the vault that --vault names.
[[nodiscard]] Result<catalog::AccessPlace> parse_place(Session& session, const std::string& text);
[[nodiscard]] std::string words_of(const catalog::AccessPlace& place);
// "30d" from now, or a time; "" never.
[[nodiscard]] Result<Timestamp> parse_end(Session& session, const std::string& text);
[[nodiscard]] std::string time_or(Timestamp time, std::string_view otherwise);
[[nodiscard]] std::string_view word_of(catalog::PrincipalKind kind);
// The name of a grant's subject; its id where the account is gone.
[[nodiscard]] std::string name_of_subject(const access::AccessView& view, const PrincipalId& id);

}  // namespace atl::cli
