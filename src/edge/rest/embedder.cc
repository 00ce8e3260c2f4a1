// Who turns a vault's texts into vectors: what is chosen, how far it is, what another one would take.
//
// Always true: only whoever administers the home names a server that texts are sent to, and nothing is sent before the
// answer to a dry run could be read. Keys of such servers are kept on the server's machine (`atoll index embedder set`)
// and come in no request.
#include "derived/search/search_index.h"
#include "derived/vector/endpoint_address.h"
#include "edge/rest/answers.h"
#include "edge/rest/groups.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

Value state_json(const search::EmbedderChoice& choice, const search::MeaningState& state) {
  Value out = Value::object();
  out.set("embedder", choice.text()).set("leaves_machine", search::leaves_machine(choice));
  out.set("answers", state.embedder).set("passages", state.passages).set("waiting", state.waiting);
  out.set("refused", state.refused);
  if (!state.next_embedder.empty()) out.set("next", state.next_embedder);
  if (!state.trouble.empty()) out.set("trouble", state.trouble);
  return out;
}

Result<net::Response> show_embedder(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  ATOLL_ASSIGN(const auto choice, search::chosen_embedder(*vault));
  return ok(state_json(choice, index->meaning_state()));
}

Result<net::Response> list_offers(Call& /*call*/) {
  Value offers = Value::array();
  for (const auto& offer : vector::offered_endpoints()) offers.push(offer);
  Value out = Value::object();
  out.set("embedders", std::move(offers));
  return ok(out);
}

Result<net::Response> set_embedder(Call& call) {
  ATOLL_ASSIGN(const std::string text, call.body().text_of("embedder"));
  ATOLL_ASSIGN(const auto choice, search::parse_embedder(text));
  // A folder of the server's machine is named by who sits at it.
  if (choice.kind == search::EmbedderKind::table && !call.who().is_local_owner) {
    return fail(ErrorKind::denied, "command.path_of_server", "a folder of the server cannot be named from elsewhere",
                "Run `atoll index embedder set` on the server's machine.");
  }
  ATOLL_ASSIGN(const bool is_dry_run, call.body().flag_of("dry_run"));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  ATOLL_ASSIGN(const auto cost, index->embedding_cost(*vault, choice, nullptr));
  if (!is_dry_run) ATOLL_TRY(search::choose_embedder(*vault, choice));
  const bool is_server = choice.kind == search::EmbedderKind::endpoint;
  Value counted = Value::object();
  counted.set("passages", cost.passages).set("tokens", cost.tokens).set("seconds", cost.seconds);
  counted.set("is_measured", cost.is_measured).set("bytes_sent", is_server ? cost.bytes : std::uint64_t{0});
  counted.set("dimension", std::uint64_t{cost.dimension}).set("leaves_machine", cost.leaves_machine);
  Value out = Value::object();
  out.set("is_dry_run", is_dry_run).set("cost", std::move(counted));
  ATOLL_ASSIGN(const auto chosen, search::chosen_embedder(*vault));
  out.set("state", state_json(chosen, index->meaning_state()));
  return ok(out);
}

}  // namespace

std::vector<Operation> embedder_operations() {
  constexpr std::string_view kEmbedder = "/api/v1/search/embedder";
  return {
      {.id = "embedder_show",
       .method = "GET",
       .path = kEmbedder,
       .tag = "search",
       .words = "Who turns texts into vectors, and how far that is.",
       .guards = {{Action::status, Place::vault}},
       .answers = {{200, "EmbedderState", "What is chosen, and what answers."}},
       .handler = show_embedder},
      {.id = "embedder_set",
       .method = "PUT",
       .path = kEmbedder,
       .tag = "search",
       .words = "Chooses who turns texts into vectors.\nThe vectors there are answer until those of the new one are "
                "whole. `dry_run` says what it takes and changes nothing; no text of the vault is sent for that. Texts "
                "are sent to a server only once it was chosen.",
       .guards = {{Action::server_admin, Place::home}, {Action::status, Place::vault}},
       .body = "EmbedderChoice",
       .answers = {{200, "EmbedderChosen", "What it takes."}},
       .handler = set_embedder},
      {.id = "embedder_offers",
       .method = "GET",
       .path = "/api/v1/search/embedder/offers",
       .tag = "search",
       .words = "Models for embedding that programs on the server's machine offer now.\nAsks them for their lists and "
                "uses none of them.",
       .guards = {{Action::server_admin, Place::home}},
       .answers = {{200, "EmbedderOffers", "Each as `embedder` of EmbedderChoice."}},
       .handler = list_offers},
  };
}

std::vector<NamedSchema> embedder_schemas() {
  using namespace schema;
  return {
      {"EmbedderChoice",
       object("An embedder.",
              {required("embedder", text("built-in; the address of a server that embeds, with its model: "
                                         "http://127.0.0.1:11434/api/embed?model=nomic-embed-text; table:/FOLDER.",
                                         4096)),
               optional("dry_run", flag("Only say what it takes."))})},
      {"EmbedderState", object("Who turns texts into vectors.",
                               {required("embedder", text("As it was chosen.")),
                                required("leaves_machine", flag("Texts are sent to another machine.")),
                                required("answers", text("Whose vectors answer now; empty: none do.")),
                                required("passages", number("That can be found by meaning.")),
                                required("waiting", number("Texts that have no vectors of the chosen one yet.")),
                                required("refused", number("Passages that it would not take.")),
                                optional("next", text("Whose vectors are being made beside.")),
                                optional("trouble", text("Why it does not go on, or why words alone answer."))})},
      {"EmbeddingCost", object("What it takes to embed everything.",
                               {required("passages", number("Of about 512 tokens.")),
                                required("tokens", number("About.")), required("seconds", ratio("About.")),
                                required("is_measured", flag("On a text of our own, just now; else as it usually is.")),
                                required("bytes_sent", number("Of texts, to the server; 0: it needs none.")),
                                required("dimension", number("Of its vectors.")),
                                required("leaves_machine", flag("They are sent to another machine."))})},
      {"EmbedderChosen", object("A choice, and what it takes.", {required("is_dry_run", flag("Nothing was changed.")),
                                                                 required("cost", reference("EmbeddingCost")),
                                                                 required("state", reference("EmbedderState"))})},
      {"EmbedderOffers", object("What this machine offers.", {required("embedders", list(text("One.")))})},
  };
}

}  // namespace atl::rest
