// Models and drawings: how many vertices, facets, entities there are, and in which bounds. Text formats are read line
// by line in one pass over the whole content, however large.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "derived/extract/internal/markup.h"
#include "derived/extract/internal/package.h"
#include "derived/extract/internal/plain_text.h"
#include "foundation/json/json.h"

namespace atl::extract {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20U;
constexpr std::size_t kLineBytesMax = 64U << 10U;
constexpr std::size_t kLayersMax = 200;

std::uint32_t u32(ByteView bytes, std::size_t at) {
  return at > bytes.size() || bytes.size() - at < 4 ? 0U : load_le<std::uint32_t>(bytes.data() + at);
}

class Bounds {
 public:
  void add(double x, double y, double z) {
    if (!std::isfinite(x) || !std::isfinite(y) || !std::isfinite(z)) return;
    const std::array<double, 3> point{x, y, z};
    for (std::size_t i = 0; i < 3; ++i) {
      least_.at(i) = std::min(least_.at(i), point.at(i));
      most_.at(i) = std::max(most_.at(i), point.at(i));
    }
  }
  void say(Findings& out) const {
    if (least_[0] > most_[0]) return;
    std::string text;
    for (const auto& corner : {least_, most_})
      for (const double value : corner) text += (text.empty() ? "" : " ") + decimal(value);
    out.field(field::kBounds, text);
  }

 private:
  static constexpr double kFar = std::numeric_limits<double>::infinity();
  std::array<double, 3> least_{kFar, kFar, kFar};
  std::array<double, 3> most_{-kFar, -kFar, -kFar};
};

// Every line of the content, without its end and the blanks around it. Too long ones are cut.
Result<void> each_line(Job& job, const std::function<bool(std::string_view)>& take) {
  std::string rest;
  for (std::uint64_t at = 0; at < job.input.size();) {
    ATOLL_ASSIGN(const Bytes piece, job.input.part(at, kPieceBytes));
    if (piece.empty()) break;
    at += piece.size();
    rest += as_text(piece);
    std::string_view left = rest;
    for (std::size_t end = 0; (end = left.find('\n')) != std::string_view::npos; left.remove_prefix(end + 1))
      if (!take(trim(left.substr(0, std::min(end, kLineBytesMax))))) return {};
    rest = left.size() > kLineBytesMax ? std::string() : std::string(left);
  }
  if (!rest.empty()) take(trim(rest));
  return {};
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// The next word of a line, which is shortened by it.
std::string_view word_of(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  line.remove_prefix(begin);
  const std::size_t end = line.find_first_of(" \t");
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(word.size());
  return word;
}

void add_point(Bounds& bounds, std::string_view coordinates) {
  const auto x = number_of(word_of(coordinates));
  const auto y = number_of(word_of(coordinates));
  const auto z = number_of(word_of(coordinates));
  if (x && y && z) bounds.add(*x, *y, *z);
}

Result<void> read_stl(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 512));
  const std::uint64_t claimed = head.size() >= 84 ? u32(head, 80) : 0;
  Bounds bounds;
  std::uint64_t facets = 0;
  // A binary one says how many facets it has, and is that long; its header may begin with "solid" too.
  const bool is_text = as_text(head).starts_with("solid") && 84 + claimed * 50 != job.input.size();
  if (is_text) {
    ATOLL_TRY(each_line(job, [&](std::string_view line) {
      if (starts_with_nocase(line, "facet")) ++facets;
      if (starts_with_nocase(line, "vertex")) add_point(bounds, line.substr(6));
      if (starts_with_nocase(line, "solid ")) job.out.field(field::kTitle, line.substr(6));
      return true;
    }));
  } else {
    constexpr std::size_t kFacetBytes = 50;
    constexpr std::size_t kFacetsPerPiece = 20'000;
    for (std::uint64_t at = 84; facets < claimed;) {
      ATOLL_ASSIGN(const Bytes piece, job.input.part(at, kFacetBytes * kFacetsPerPiece));
      for (std::size_t i = 0; i + kFacetBytes <= piece.size() && facets < claimed; i += kFacetBytes, ++facets) {
        for (std::size_t v = 0; v < 3; ++v) {
          const auto value = [&](std::size_t axis) {
            return static_cast<double>(std::bit_cast<float>(u32(piece, i + 12 + 12 * v + 4 * axis)));
          };
          bounds.add(value(0), value(1), value(2));
        }
      }
      if (piece.size() < kFacetBytes) break;
      at += piece.size() / kFacetBytes * kFacetBytes;
    }
    if (facets < claimed) job.out.trouble("It ends in the middle: facets are missing.");
  }
  job.out.number(field::kFacetCount, facets);
  job.out.number(field::kVertexCount, facets * 3);
  bounds.say(job.out);
  return {};
}

Result<void> read_obj(Job& job) {
  Bounds bounds;
  std::uint64_t vertices = 0;
  std::uint64_t facets = 0;
  ATOLL_TRY(each_line(job, [&](std::string_view line) {
    if (line.starts_with("v ")) {
      ++vertices;
      add_point(bounds, line.substr(2));
    } else if (line.starts_with("f ")) {
      ++facets;
    } else if (line.starts_with("o ") || line.starts_with("g ")) {
      job.out.field(field::kLayer, line.substr(2));
    }
    return true;
  }));
  job.out.number(field::kVertexCount, vertices);
  job.out.number(field::kFacetCount, facets);
  bounds.say(job.out);
  return {};
}

Result<void> read_ply(Job& job) {
  Bounds bounds;
  std::uint64_t vertices = 0;
  std::uint64_t left = 0;
  bool is_text = false;
  bool is_in_header = true;
  ATOLL_TRY(each_line(job, [&](std::string_view line) {
    if (!is_in_header) {
      if (left == 0) return false;
      --left;
      add_point(bounds, line);
      return true;
    }
    std::string_view rest = line;
    const std::string_view word = word_of(rest);
    if (word == "format") {
      is_text = trim(rest).starts_with("ascii");
      job.out.field(field::kVersion, rest);
    }
    if (word == "comment") job.out.field(field::kDescription, rest);
    if (word == "element") {
      const std::string_view kind = word_of(rest);
      const std::string count(trim(rest));
      if (kind == "vertex") {
        job.out.field(field::kVertexCount, count);
        std::from_chars(count.data(), count.data() + count.size(), vertices);
      }
      if (kind == "face") job.out.field(field::kFacetCount, count);
    }
    if (word == "end_header") {
      is_in_header = false;
      left = vertices;
      return is_text;
    }
    return true;
  }));
  bounds.say(job.out);
  return {};
}

// glTF 2.0, 3.6 and 3.7: counts and bounds stand in the accessors.
Result<void> read_gltf_json(Job& job, std::string_view text) {
  ATOLL_ASSIGN(const json::Value root, json::Value::parse(text, {.bytes_max = 64U << 20U, .depth_max = 64}));
  if (const json::Value* const asset = root.find("asset")) {
    if (const auto generator = asset->text_of("generator")) job.out.field(field::kGenerator, *generator);
    if (const auto version = asset->text_of("version")) job.out.field(field::kVersion, *version);
  }
  const auto list = [&](const json::Value& of, std::string_view name) -> const json::Array& {
    static const json::Array kNone;
    const json::Value* const found = of.find(name);
    return found != nullptr && found->as_array() != nullptr ? *found->as_array() : kNone;
  };
  const json::Array& accessors = list(root, "accessors");
  const auto count_of = [&](const json::Value* index) -> std::uint64_t {
    if (index == nullptr || index->as_unsigned() == nullptr || *index->as_unsigned() >= accessors.size()) return 0;
    return accessors[static_cast<std::size_t>(*index->as_unsigned())].number_of("count").value_or(0);
  };
  std::uint64_t vertices = 0;
  std::uint64_t facets = 0;
  for (const json::Value& mesh : list(root, "meshes")) {
    if (const auto name = mesh.text_of("name")) job.out.field(field::kLayer, *name);
    for (const json::Value& primitive : list(mesh, "primitives")) {
      const json::Value* const attributes = primitive.find("attributes");
      const std::uint64_t points = attributes == nullptr ? 0 : count_of(attributes->find("POSITION"));
      vertices += std::min<std::uint64_t>(points, UINT32_MAX);
      const json::Value* const indices = primitive.find("indices");
      facets += std::min<std::uint64_t>(indices == nullptr ? points : count_of(indices), UINT32_MAX) / 3;
    }
  }
  job.out.number(field::kVertexCount, vertices);
  job.out.number(field::kFacetCount, facets);
  return {};
}

Result<void> read_glb(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 20));
  const std::uint64_t length = u32(head, 12);
  if (head.size() < 20 || as_text(head).substr(16, 4) != "JSON" || length > 64U << 20U)
    return fail(ErrorKind::damaged, "extract.malformed", "its description is damaged");
  ATOLL_ASSIGN(const Bytes text, job.input.part(20, static_cast<std::size_t>(length)));
  return read_gltf_json(job, as_text(text));
}

// Autodesk's 3DS: chunks in chunks.
Result<void> read_3ds(Job& job) {
  ATOLL_ASSIGN(const Bytes bytes, job.input.whole(job.tools.limits.whole_bytes_max));
  std::uint64_t vertices = 0;
  std::uint64_t facets = 0;
  Bounds bounds;
  const std::function<void(ByteView, int)> walk = [&](ByteView chunks, int depth) {
    while (chunks.size() >= 6) {
      const std::uint16_t id = load_le<std::uint16_t>(chunks.data());
      const std::size_t length = u32(chunks, 2);
      if (length < 6 || length > chunks.size()) return;
      ByteView body = chunks.subspan(6, length - 6);
      chunks = chunks.subspan(length);
      if (id == 0x4000) {  // an object: its name, then chunks
        const std::size_t end = as_text(body).find('\0');
        if (end == std::string_view::npos) continue;
        job.out.field(field::kLayer, as_text(body).substr(0, end));
        body = body.subspan(end + 1);
      }
      if (id == 0x4110 && body.size() >= 2) {
        const std::size_t count = load_le<std::uint16_t>(body.data());
        vertices += count;
        for (std::size_t i = 0; i < count && 2 + 12 * i + 12 <= body.size(); ++i) {
          const auto value = [&](std::size_t axis) {
            return static_cast<double>(std::bit_cast<float>(u32(body, 2 + 12 * i + 4 * axis)));
          };
          bounds.add(value(0), value(1), value(2));
        }
      }
      if (id == 0x4120 && body.size() >= 2) facets += load_le<std::uint16_t>(body.data());
      const bool is_holder = id == 0x4D4D || id == 0x3D3D || id == 0x4000 || id == 0x4100;
      if (is_holder && depth < 8) walk(body, depth + 1);
    }
  };
  walk(bytes, 0);
  job.out.number(field::kVertexCount, vertices);
  job.out.number(field::kFacetCount, facets);
  bounds.say(job.out);
  return {};
}

// ISO 10303-21: a header of its own, then instances "#12=CARTESIAN_POINT('',(0.,1.,2.));".
Result<void> read_step(Job& job) {
  Bounds bounds;
  std::uint64_t entities = 0;
  std::uint64_t points = 0;
  std::uint64_t faces = 0;
  ATOLL_TRY(each_line(job, [&](std::string_view line) {
    if (line.starts_with("FILE_NAME")) {
      const std::size_t begin = line.find('\'');
      const std::size_t end = begin == std::string_view::npos ? begin : line.find('\'', begin + 1);
      if (end != std::string_view::npos) job.out.field(field::kTitle, line.substr(begin + 1, end - begin - 1));
    }
    if (line.starts_with("FILE_SCHEMA")) job.out.raw("Step.Schema", line);
    if (!line.starts_with('#')) return true;
    ++entities;
    if (line.find("ADVANCED_FACE") != std::string_view::npos) ++faces;
    const std::size_t point = line.find("CARTESIAN_POINT");
    if (point == std::string_view::npos) return true;
    ++points;
    const std::size_t open = line.find_last_of('(');
    std::string coordinates(line.substr(open == std::string_view::npos ? line.size() : open + 1));
    std::ranges::replace_if(
        coordinates, [](char c) { return c == ',' || c == ')'; }, ' ');
    add_point(bounds, coordinates);
    return true;
  }));
  job.out.number(field::kEntityCount, entities);
  job.out.number(field::kVertexCount, points);
  job.out.number(field::kFacetCount, faces);
  bounds.say(job.out);
  return {};
}

// IGES 5.3, 2.2.4: lines of 80 letters, told apart by the 73rd.
Result<void> read_iges(Job& job) {
  std::uint64_t directory_lines = 0;
  std::string global;
  ATOLL_TRY(each_line(job, [&](std::string_view line) {
    if (line.size() < 73) return true;
    if (line[72] == 'D') ++directory_lines;
    if (line[72] == 'G' && global.size() < 4096) global += line.substr(0, 72);
    return true;
  }));
  job.out.number(field::kEntityCount, directory_lines / 2);
  job.out.raw("Iges.Global", global);
  return {};
}

Result<void> read_gcode(Job& job) {
  Bounds bounds;
  std::array<double, 3> position{0, 0, 0};
  std::uint64_t moves = 0;
  std::uint64_t lines = 0;
  ATOLL_TRY(each_line(job, [&](std::string_view line) {
    ++lines;
    if (line.starts_with(';')) {
      const std::string_view comment = trim(line.substr(1));
      if (starts_with_nocase(comment, "generated by") || starts_with_nocase(comment, "generated with"))
        job.out.field(field::kGenerator, comment.substr(13));
      if (lines < 200) job.out.raw("Gcode.Comment", comment);
      return true;
    }
    if (!line.starts_with("G0") && !line.starts_with("G1")) return true;
    std::string_view rest = line.substr(0, line.find(';'));
    bool has_moved = false;
    for (std::string_view word = word_of(rest); !word.empty(); word = word_of(rest)) {
      if (word[0] < 'X' || word[0] > 'Z') continue;
      if (const auto value = number_of(word.substr(1))) {
        position.at(static_cast<std::size_t>(word[0] - 'X')) = *value;
        has_moved = true;
      }
    }
    if (!has_moved) return true;
    ++moves;
    bounds.add(position[0], position[1], position[2]);
    return true;
  }));
  job.out.number(field::kLineCount, lines);
  job.out.number(field::kEntityCount, moves);
  bounds.say(job.out);
  return {};
}

// Autodesk's DXF reference: pairs of lines, a group code and its value.
Result<void> read_dxf(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 22));
  if (as_text(head).starts_with("AutoCAD Binary")) {
    job.out.field(field::kVersion, "binary");
    return {};
  }
  Bounds bounds;
  std::string code;
  std::string section;
  std::string kind;
  std::string variable;
  std::string words;
  bool is_code = true;
  bool names_section = false;
  std::uint64_t entities = 0;
  std::uint64_t layers = 0;
  double x = 0;
  double y = 0;
  ATOLL_TRY(each_line(job, [&](std::string_view line) {
    if (is_code) {
      code = line;
      is_code = false;
      return true;
    }
    is_code = true;
    if (code == "0") {
      kind = line;
      names_section = line == "SECTION";
      if (section == "ENTITIES" && line != "ENDSEC") ++entities;
    } else if (code == "2" && names_section) {
      section = line;
      names_section = false;
    } else if (code == "2" && kind == "LAYER" && section == "TABLES") {
      if (++layers <= kLayersMax) job.out.field(field::kLayer, line);
    } else if (code == "9") {
      variable = line;
    } else if (code == "1" && variable == "$ACADVER") {
      job.out.field(field::kVersion, line);
      variable.clear();
    } else if (code == "1" && section == "ENTITIES" && (kind == "TEXT" || kind == "MTEXT")) {
      if (words.size() < 1U << 20U) words += std::string(line) + "\n";
    } else if (section == "ENTITIES" && code == "10") {
      x = number_of(line).value_or(0);
    } else if (section == "ENTITIES" && code == "20") {
      y = number_of(line).value_or(0);
      bounds.add(x, y, 0);
    }
    return true;
  }));
  job.out.number(field::kEntityCount, entities);
  job.out.number(field::kLayerCount, layers);
  bounds.say(job.out);
  job.out.text(words);
  return {};
}

// The first six letters name the program's version that wrote it.
Result<void> read_dwg(Job& job) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kVersions{{{"AC1009", "R11/R12"},
                                                                                     {"AC1012", "R13"},
                                                                                     {"AC1014", "R14"},
                                                                                     {"AC1015", "2000"},
                                                                                     {"AC1018", "2004"},
                                                                                     {"AC1021", "2007"},
                                                                                     {"AC1024", "2010"},
                                                                                     {"AC1027", "2013"},
                                                                                     {"AC1032", "2018"},
                                                                                     {"AC1006", "R10"},
                                                                                     {"AC1004", "R9"}}};
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 6));
  std::string version(as_text(head));
  for (const auto& [mark, name] : kVersions)
    if (mark == version) version += " (AutoCAD " + std::string(name) + ")";
  job.out.field(field::kVersion, version);
  return {};
}

// Binary FBX says its version behind its mark; vertices are counted in arrays of its "Vertices" nodes.
Result<void> read_fbx(Job& job) {
  ATOLL_ASSIGN(const Bytes bytes,
               job.input.part(0, static_cast<std::size_t>(std::min<std::uint64_t>(job.input.size(), 64U << 20U))));
  const std::string_view text = as_text(bytes);
  std::uint64_t vertices = 0;
  std::uint64_t meshes = 0;
  if (text.starts_with("Kaydara FBX Binary")) {
    job.out.number(field::kVersion, u32(bytes, 23));
    // A node's name is followed by its properties: 'd' an array of doubles, with its length.
    for (std::size_t at = 0; (at = text.find("Vertices", at)) != std::string_view::npos; at += 8) {
      if (at == 0 || text[at - 1] != 8 || at + 13 > text.size() || text[at + 8] != 'd') continue;
      vertices += u32(bytes, at + 9) / 3;
      ++meshes;
    }
  } else {
    for (std::size_t at = 0; (at = text.find("Vertices: *", at)) != std::string_view::npos; at += 11) {
      std::uint64_t count = 0;
      std::from_chars(text.data() + at + 11, text.data() + text.size(), count);
      vertices += count / 3;
      ++meshes;
    }
    const std::size_t version = text.find("FBXVersion: ");
    if (version != std::string_view::npos) job.out.field(field::kVersion, text.substr(version + 12, 4));
  }
  job.out.number(field::kVertexCount, vertices);
  job.out.number(field::kEntityCount, meshes);
  return {};
}

// 3MF core specification, 4.1: meshes in the model part.
Result<void> read_3mf(Job& job) {
  ATOLL_ASSIGN(const PackageParts parts,
               read_parts(job, [](std::string_view name) { return name.ends_with(".model"); }));
  Bounds bounds;
  std::uint64_t vertices = 0;
  std::uint64_t facets = 0;
  for (const auto& [name, xml] : parts) {
    MarkupReader in(xml, false);
    for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next()) {
      if (kind != MarkupReader::Kind::open) continue;
      if (in.name() == "vertex") {
        ++vertices;
        const auto x = number_of(in.attribute("x"));
        const auto y = number_of(in.attribute("y"));
        const auto z = number_of(in.attribute("z"));
        if (x && y && z) bounds.add(*x, *y, *z);
      } else if (in.name() == "triangle") {
        ++facets;
      } else if (in.name() == "metadata") {
        const std::string key = lower(in.attribute("name"));
        const std::string value = in.text_to_close();
        if (key == "title") job.out.field(field::kTitle, value);
        if (key == "designer") job.out.field(field::kCreator, value);
      }
    }
  }
  job.out.number(field::kVertexCount, vertices);
  job.out.number(field::kFacetCount, facets);
  bounds.say(job.out);
  return {};
}

}  // namespace

Result<void> read_model(Job& job) {
  constexpr std::array<std::pair<std::string_view, ReadFormat>, 12> kReaders{{{"stl", read_stl},
                                                                              {"obj", read_obj},
                                                                              {"ply", read_ply},
                                                                              {"glb", read_glb},
                                                                              {"3ds", read_3ds},
                                                                              {"step", read_step},
                                                                              {"iges", read_iges},
                                                                              {"gcode", read_gcode},
                                                                              {"dxf", read_dxf},
                                                                              {"dwg", read_dwg},
                                                                              {"fbx", read_fbx},
                                                                              {"3mf", read_3mf}}};
  if (job.format.id == "gltf") {
    ATOLL_ASSIGN(const Bytes bytes, job.input.whole(64U << 20U));
    return read_gltf_json(job, as_text(bytes));
  }
  const auto* const found = std::ranges::find_if(kReaders, [&](const auto& one) { return one.first == job.format.id; });
  return found == kReaders.end() ? Result<void>{} : found->second(job);
}

}  // namespace atl::extract
