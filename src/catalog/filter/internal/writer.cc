// The canonical text of a tree.
#include "catalog/filter/internal/tree.h"

namespace atl::filter::internal {
namespace {

int strength(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::any: return 0;
    case Node::Kind::all: return 1;
    case Node::Kind::inverse: return 2;
    case Node::Kind::term: return 3;
  }
  return 3;
}

void write_term(std::string& out, const Term& term) {
  if (term.field != Field::word) {
    out += name_of(term.field);
    if (term.field == Field::tag || term.field == Field::metadata) out += write_attribute(term.attribute);
    // A value that begins with '=' would run together with "=".
    const bool runs_together = term.operation == Operator::equal && term.values.front().shown.starts_with('=');
    out += runs_together ? "==" : name_of(term.operation);
  }
  for (std::size_t i = 0; i < term.values.size(); ++i) {
    if (i != 0) out += '|';
    out += term.values[i].shown;
  }
}

void write_node(std::string& out, const Tree& tree, const Node& node) {
  const auto write_child = [&](std::uint32_t index) {
    const Node& child = tree.nodes[index];
    const bool needs_brackets = strength(child.kind) < strength(node.kind);
    if (needs_brackets) out += '(';
    write_node(out, tree, child);
    if (needs_brackets) out += ')';
  };
  switch (node.kind) {
    case Node::Kind::term: write_term(out, tree.terms[node.term]); break;
    case Node::Kind::inverse:
      out += "not ";
      write_child(node.children.front());
      break;
    case Node::Kind::all:
    case Node::Kind::any:
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i != 0) out += node.kind == Node::Kind::all ? " and " : " or ";
        write_child(node.children[i]);
      }
      break;
  }
}

}  // namespace

std::string_view name_of(Field field) {
  switch (field) {
    case Field::word: return "";
    case Field::name: return "name";
    case Field::key: return "key";
    case Field::type: return "type";
    case Field::size: return "size";
    case Field::modified: return "modified";
    case Field::stored: return "stored";
    case Field::content_type: return "content_type";
    case Field::by: return "by";
    case Field::age: return "age";
    case Field::idle: return "idle";
    case Field::accesses: return "accesses";
    case Field::tag: return "tag.";
    case Field::metadata: return "meta.";
  }
  return "";
}

std::string_view name_of(Operator operation) {
  switch (operation) {
    case Operator::matches: return ":";
    case Operator::equal: return "=";
    case Operator::not_equal: return "!=";
    case Operator::less: return "<";
    case Operator::less_or_equal: return "<=";
    case Operator::greater: return ">";
    case Operator::greater_or_equal: return ">=";
  }
  return ":";
}

bool is_bare_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '/' || c == '@' || static_cast<unsigned char>(c) >= 0x80;
}

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string write_attribute(std::string_view name) {
  for (const char c : name) {
    if (!is_bare_name_byte(c)) return quote(name);
  }
  return std::string(name);
}

std::string write_term(const Term& term) {
  std::string result;
  write_term(result, term);
  return result;
}

std::string write_node(const Tree& tree, const Node& node) {
  std::string result;
  write_node(result, tree, node);
  return result;
}

std::string write_text(const Tree& tree) {
  std::string result;
  if (!tree.is_everything) write_node(result, tree, tree.nodes[tree.root]);
  return result;
}

}  // namespace atl::filter::internal
