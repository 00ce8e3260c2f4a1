#include "derived/search/embedder_choice.h"

#include "derived/vector/endpoint_address.h"
#include "derived/vector/token_table.h"

namespace atl::search {
namespace {

constexpr std::string_view kBuiltIn = "built-in";
constexpr std::string_view kTable = "table:";
constexpr std::size_t kTextBytesMax = 4096;
// Of the row that keeps the choice.
constexpr std::string_view kJobKind = "search";
constexpr std::string_view kJobName = "embedder";
constexpr std::string_view kFact = "embedder";
constexpr std::uint32_t kAskingTimeoutMs = 8'000;
constexpr std::uint32_t kFillingTimeoutMs = 60'000;

}  // namespace

std::string EmbedderChoice::text() const {
  switch (kind) {
    case EmbedderKind::built_in: break;
    case EmbedderKind::table: return std::string(kTable) + folder;
    case EmbedderKind::endpoint: return vector::endpoint_text(endpoint);
  }
  return std::string(kBuiltIn);
}

Result<EmbedderChoice> parse_embedder(std::string_view text) {
  EmbedderChoice choice;
  if (text == kBuiltIn) return choice;
  if (text.size() > kTextBytesMax)
    return fail(ErrorKind::limit, "embedder.too_long", "the name of an embedder has at most 4,096 bytes");
  if (text.starts_with(kTable)) {
    choice.kind = EmbedderKind::table;
    choice.folder = text.substr(kTable.size());
    while (choice.folder.size() > 1 && choice.folder.ends_with('/')) choice.folder.pop_back();
    if (choice.folder.starts_with('/')) return choice;
    return fail(ErrorKind::usage, "embedder.relative", "the folder of a table wants its whole path, from /",
                "for example table:/models/potion-base-8M");
  }
  if (text.starts_with("http://") || text.starts_with("https://")) {
    choice.kind = EmbedderKind::endpoint;
    ATOLL_ASSIGN(choice.endpoint, vector::parse_endpoint(text));
    return choice;
  }
  return fail(ErrorKind::usage, "embedder.unknown", "there is no embedder \"" + std::string(text.substr(0, 80)) + "\"",
              "There are: built-in; table:/FOLDER with model.safetensors and tokenizer.json; the address of a server, "
              "for example http://127.0.0.1:11434/api/embed?model=nomic-embed-text");
}

std::string origin_of(const EmbedderChoice& choice) {
  if (choice.kind != EmbedderKind::endpoint) return {};
  const auto address = vector::parse_endpoint_address(choice.endpoint.url);
  return address ? address->origin : std::string();
}

bool leaves_machine(const EmbedderChoice& choice) {
  if (choice.kind != EmbedderKind::endpoint) return false;
  const auto address = vector::parse_endpoint_address(choice.endpoint.url);
  return !address || !address->is_this_machine();
}

Result<EmbedderChoice> chosen_embedder(vault::Vault& vault) {
  ATOLL_ASSIGN(const auto row, vault.reader()->job(kJobKind, kJobName));
  if (!row) return EmbedderChoice{};
  const auto fact = row->facts.find(std::string(kFact));
  const auto choice = parse_embedder(fact == row->facts.end() ? kBuiltIn : std::string_view(fact->second));
  return choice ? *choice : EmbedderChoice{};
}

Result<void> choose_embedder(vault::Vault& vault, const EmbedderChoice& choice) {
  ATOLL_TRY(vault.commit(journal::CommandKind::job_change,
                         [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                           catalog::JobRow row;
                           row.kind = kJobKind;
                           row.name = kJobName;
                           row.is_ok = true;
                           row.started = row.finished = context.commit_time;
                           row.facts[std::string(kFact)] = choice.text();
                           changes.put(row);
                           return {};
                         }));
  return {};
}

Result<std::shared_ptr<const vector::Embedder>> open_embedder(const platform::Machine& machine,
                                                              const EmbedderChoice& choice, const EmbedderKeys& keys,
                                                              const EmbedderRequest& request) {
  if (choice.kind == EmbedderKind::table) {
    ATOLL_ASSIGN(auto table, vector::TokenTable::open(machine.files, choice.folder));
    return std::shared_ptr<const vector::Embedder>(std::move(table));
  }
  vector::EndpointOptions options = choice.endpoint;
  options.dimension = request.dimension;
  options.timeout_ms = kFillingTimeoutMs;
  if (request.use == EmbedderUse::asking) {
    options.attempts = 1;
    options.timeout_ms = kAskingTimeoutMs;
  }
  if (keys) {
    ATOLL_ASSIGN(options.key, keys(origin_of(choice)));
  }
  if (!options.key.empty() && leaves_machine(choice) && !options.url.starts_with("https://")) {
    return fail(ErrorKind::denied, "embedder.key_in_clear",
                "the key for " + origin_of(choice) + " would go over the network in clear",
                "Name the server by https://, or remove the key that is kept for it.");
  }
  ATOLL_ASSIGN(auto endpoint, vector::EndpointEmbedder::open(machine, options, request.cache));
  return std::shared_ptr<const vector::Embedder>(std::move(endpoint));
}

}  // namespace atl::search
