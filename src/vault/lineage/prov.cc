// The graph of versions as PROV documents. Ids are made of the vault's own ids, so that two documents about one vault
// agree; words outside the vault get an id from their digest.
#include <map>
#include <set>

#include "foundation/codec/hash.h"
#include "vault/lineage/lineage.h"

namespace atl::vault {
namespace {

using State = LineageNode::State;

std::string digest_of(std::string_view text) { return to_hex(codec::blake3(as_bytes(text))).substr(0, 32); }

// What is no UTF-8 is shown with U+FFFD for each bad byte, as elsewhere in JSON.
std::string quoted(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  const bool is_text = is_utf8(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else if (byte >= 0x80 && !is_text) {
      out += "\xEF\xBF\xBD";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

using Fields = std::vector<std::pair<std::string, std::string>>;  // name -> JSON value

std::string object_of(const Fields& fields) {
  std::string text = "{";
  for (const auto& [name, value] : fields) text += (text.size() > 1 ? ", " : "") + quoted(name) + ": " + value;
  return text + "}";
}

std::string typed(std::string_view value, const char* type) {
  return object_of({{"$", quoted(value)}, {"type", quoted(type)}});
}
std::string time_of(Timestamp time) { return quoted(format_rfc3339(time)); }

std::string entity_id(const LineageNode& node) {
  if (node.state == State::outside) return "atoll:words-" + digest_of(node.words);
  return "atoll:version-" + node.object.text() + "-" + node.version.text();
}

std::string agent_id(const std::string& name) { return "atoll:agent-" + digest_of(name); }

// Making versions with one transformation in one operation is one activity.
std::string activity_id(const catalog::VersionRow& row) {
  const std::string of = row.operation.empty() ? row.version.text() : to_hex(row.operation);
  return "atoll:activity-" + of + (row.transformation.empty() ? "" : "-" + digest_of(row.transformation).substr(0, 8));
}

std::string activity_label(const catalog::VersionRow& row) {
  return row.transformation.empty() ? "put" : row.transformation;
}

// Elements of one kind, by id.
std::string section(const std::map<std::string, std::string>& elements) {
  std::string text = "{";
  for (const auto& [id, value] : elements)
    text += (text.size() > 1 ? "," : "") + ("\n    " + quoted(id) + ": " + value);
  return text + (elements.empty() ? "}" : "\n  }");
}

std::string words_of_state(const LineageNode& node) {
  switch (node.state) {
    case State::erased:
      return "removed for good by " + node.erased->actor + " at " + format_rfc3339(node.erased->time) +
             (node.erased->reason.empty() ? "" : " (" + node.erased->reason + ")");
    case State::missing: return "no longer kept";
    default: return {};
  }
}

std::string entity_of(const LineageNode& node) {
  Fields fields{{"prov:label", quoted(node.name())}};
  if (node.state == State::outside) {
    if (node.words.find("://") != std::string::npos)
      fields.push_back({"prov:location", typed(node.words, "xsd:anyURI")});
    return object_of(fields);
  }
  fields.push_back({"prov:type", typed("atoll:Version", "prov:QUALIFIED_NAME")});
  if (!node.key.empty()) {
    fields.push_back({"atoll:bucket", quoted(node.bucket)});
    fields.push_back({"atoll:key", quoted(node.key)});
  }
  fields.push_back({"atoll:object", quoted(node.object.text())});
  fields.push_back({"atoll:version", quoted(node.version.text())});
  if (node.row) {
    const auto& row = *node.row;
    if (!row.label.empty()) fields.push_back({"atoll:label", quoted(row.label)});
    fields.push_back({"atoll:size", typed(std::to_string(row.size), "xsd:unsignedLong")});
    if (!row.description.empty()) fields.push_back({"atoll:description", quoted(row.description)});
    for (const auto& [name, value] : row.checksums) fields.push_back({"atoll:checksum-" + name, quoted(value)});
  } else {
    fields.push_back({"atoll:state", quoted(words_of_state(node))});
  }
  return object_of(fields);
}

std::string dot_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string prov_json(const Lineage& lineage) {
  std::map<std::string, std::string> entities, activities, agents;
  std::map<std::string, std::string> used, generated, derived, attributed, associated;
  const auto relation = [](std::map<std::string, std::string>& kind, const char* prefix, const Fields& fields) {
    const std::string value = object_of(fields);
    kind.emplace("_:" + std::string(prefix) + digest_of(value).substr(0, 16), value);
  };
  for (const LineageNode& node : lineage.nodes) {
    const std::string entity = quoted(entity_id(node));
    entities.emplace(entity_id(node), entity_of(node));
    if (!node.row) continue;
    const auto& row = *node.row;
    const std::string activity = activity_id(row);
    Fields fields{{"prov:startTime", time_of(row.begin_time)},
                  {"prov:endTime", time_of(row.begin_time)},
                  {"prov:label", quoted(activity_label(row))},
                  {"atoll:change", typed(std::to_string(row.begin.value), "xsd:unsignedLong")}};
    if (!row.operation.empty()) fields.push_back({"atoll:operation", quoted(to_hex(row.operation))});
    activities.emplace(activity, object_of(fields));
    relation(generated, "g",
             {{"prov:entity", entity}, {"prov:activity", quoted(activity)}, {"prov:time", time_of(row.begin_time)}});
    if (!row.actor.empty()) {
      agents.emplace(agent_id(row.actor), object_of({{"prov:label", quoted(row.actor)}}));
      relation(associated, "s", {{"prov:activity", quoted(activity)}, {"prov:agent", quoted(agent_id(row.actor))}});
    }
    if (!row.author.empty()) {
      agents.emplace(agent_id(row.author), object_of({{"prov:label", quoted(row.author)}}));
      relation(attributed, "a", {{"prov:entity", entity}, {"prov:agent", quoted(agent_id(row.author))}});
    }
  }
  for (const LineageEdge& edge : lineage.edges) {
    const LineageNode& node = lineage.nodes[edge.derived];
    if (!node.row) continue;
    const std::string activity = quoted(activity_id(*node.row));
    const std::string source = quoted(entity_id(lineage.nodes[edge.source]));
    relation(used, "u", {{"prov:activity", activity}, {"prov:entity", source}});
    relation(
        derived, "d",
        {{"prov:generatedEntity", quoted(entity_id(node))}, {"prov:usedEntity", source}, {"prov:activity", activity}});
  }
  std::string text = "{\n  \"prefix\": " + section({{"atoll", quoted("urn:atoll:")}});
  const std::pair<const char*, const std::map<std::string, std::string>*> sections[] = {
      {"entity", &entities},
      {"activity", &activities},
      {"agent", &agents},
      {"used", &used},
      {"wasGeneratedBy", &generated},
      {"wasDerivedFrom", &derived},
      {"wasAttributedTo", &attributed},
      {"wasAssociatedWith", &associated}};
  for (const auto& [name, elements] : sections)
    if (!elements->empty()) text += ",\n  " + quoted(name) + ": " + section(*elements);
  return text + "\n}\n";
}

// Shapes as the PROV documents draw them: entities round, activities square, agents as houses.
std::string prov_dot(const Lineage& lineage) {
  std::string text = "digraph provenance {\n  rankdir=BT;\n";
  std::set<std::string> said;
  const auto say = [&](const std::string& line) {
    if (said.insert(line).second) text += "  " + line + "\n";
  };
  const auto id = [](const std::string& name) { return "\"" + dot_text(name) + "\""; };
  for (const LineageNode& node : lineage.nodes) {
    const std::string state = words_of_state(node);
    say(id(entity_id(node)) + " [shape=ellipse, style=\"filled" + (state.empty() ? "" : ",dashed") +
        "\", fillcolor=\"#fffc87\", label=\"" + dot_text(node.name()) + (state.empty() ? "" : "\\n" + dot_text(state)) +
        "\"];");
    if (!node.row) continue;
    const auto& row = *node.row;
    const std::string activity = id(activity_id(row));
    say(activity + " [shape=box, style=filled, fillcolor=\"#9fb1fc\", label=\"" + dot_text(activity_label(row)) +
        "\\n" + format_rfc3339(row.begin_time) + "\"];");
    say(id(entity_id(node)) + " -> " + activity + " [label=wasGeneratedBy];");
    const auto agent = [&](const std::string& name, const std::string& from, const char* how) {
      if (name.empty()) return;
      say(id(agent_id(name)) + " [shape=house, style=filled, fillcolor=\"#fdb266\", label=\"" + dot_text(name) +
          "\"];");
      say(from + " -> " + id(agent_id(name)) + " [label=" + how + "];");
    };
    agent(row.actor, activity, "wasAssociatedWith");
    agent(row.author, id(entity_id(node)), "wasAttributedTo");
  }
  for (const LineageEdge& edge : lineage.edges) {
    const LineageNode& node = lineage.nodes[edge.derived];
    if (!node.row) continue;
    say(id(activity_id(*node.row)) + " -> " + id(entity_id(lineage.nodes[edge.source])) + " [label=used];");
  }
  return text + "}\n";
}

}  // namespace atl::vault
