#include "derived/extract/testing/tables.h"
#include "derived/extract/testing/byte_order.h"

#include <hdf5.h>

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace atl::extract::testing {
namespace {

std::string wide(const std::string& text) {
  std::string out;
  for (const char c : text) out += {c, '\0'};
  return out;
}

// ---- Access

struct AccessColumn {
  std::string name;
  unsigned type;
  std::size_t bytes;  // of those of fixed length; 0: others
};

class AccessBuilder {
 public:
  explicit AccessBuilder(bool is_wide) : is_wide_(is_wide), page_bytes_(is_wide ? 4096 : 2048) {}

  // A page that describes a table whose pages are those of the map in row `map_row` of page `map_page`.
  [[nodiscard]] std::string definition(const std::vector<AccessColumn>& columns, std::size_t rows, unsigned map_row,
                                       unsigned map_page) const {
    std::string page = le(2, 1) + le(1, 1) + le(0, 2) + le(0, 4);
    page.resize(is_wide_ ? 63 : 43);
    page.replace(is_wide_ ? 16 : 12, 4, le(rows, 4));
    page.replace(is_wide_ ? 45 : 25, 2, le(columns.size(), 2));
    page.replace(is_wide_ ? 51 : 31, 4, le(1, 4));  // an index, to be passed over
    for (const std::size_t map_at :
         is_wide_ ? std::array{55U, 59U} : std::array{35U, 39U})  // its pages, and those with room
      page.replace(map_at, 4, le(map_row, 1) + le(map_page, 3));
    page += std::string(is_wide_ ? 12 : 8, '\x11');
    std::string names;
    std::size_t fixed = 0, others = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      std::string entry(is_wide_ ? 25 : 18, '\0');
      entry[0] = static_cast<char>(columns[i].type);
      entry.replace(is_wide_ ? 5 : 1, 2, le(i, 2));
      entry.replace(is_wide_ ? 9 : 5, 2, le(i, 2));
      entry.replace(is_wide_ ? 7 : 3, 2, le(columns[i].bytes == 0 ? others++ : others, 2));
      entry[is_wide_ ? 15 : 13] = columns[i].bytes > 0 ? 1 : 0;
      entry.replace(is_wide_ ? 21 : 14, 2, le(fixed, 2));
      entry.replace(is_wide_ ? 23 : 16, 2, le(columns[i].bytes, 2));
      fixed += columns[i].type == 1 ? 0 : columns[i].bytes;
      page += entry;
      const std::string name = text(columns[i].name);
      names += le(name.size(), is_wide_ ? 2 : 1) + name;
    }
    page.replace(is_wide_ ? 43 : 23, 2, le(others, 2));
    page += names;
    page.resize(page_bytes_);
    return page;
  }
  // Cells in the order of the columns: of fixed length first. `set`: a bit for each column.
  [[nodiscard]] std::string row(std::size_t columns, const std::string& fixed, const std::vector<std::string>& others,
                                unsigned set) const {
    const std::size_t count_bytes = is_wide_ ? 2 : 1;
    std::string out = le(columns, count_bytes) + fixed;
    std::vector<std::size_t> begins;
    for (const std::string& one : others) {
      begins.push_back(out.size());
      out += one;
    }
    begins.push_back(out.size());
    std::string back;
    const std::size_t jumps = is_wide_ ? 0 : (out.size() + begins.size() + 2) / 256;
    for (std::size_t i = begins.size(); i > 0; --i) back += le(begins[i - 1], count_bytes);
    for (std::size_t i = jumps; i > 0; --i) {
      std::size_t which = 0;
      while (which < begins.size() && begins[which] < 256 * i) ++which;
      back += le(which, 1);
    }
    return out + back + le(others.size(), count_bytes) + le(set, (columns + 7) / 8);
  }
  // The last of them is marked as deleted where `has_deleted`.
  [[nodiscard]] std::string data(unsigned owner, const std::vector<std::string>& rows, bool has_deleted = false) const {
    std::string page(page_bytes_, '\0');
    page.replace(0, 8, le(1, 1) + le(1, 1) + le(0, 2) + le(owner, 4));
    const std::size_t count_at = is_wide_ ? 12 : 8;
    page.replace(count_at, 2, le(rows.size(), 2));
    std::size_t end = page_bytes_;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      end -= rows[i].size();
      page.replace(end, rows[i].size(), rows[i]);
      page.replace(count_at + 2 + 2 * i, 2, le(end | (has_deleted && i + 1 == rows.size() ? 0x8000U : 0U), 2));
    }
    return page;
  }
  [[nodiscard]] std::string map(unsigned page) const {
    return le(0, 1) + le(page, 4) + le(1, 1) + std::string(63, '\0');
  }
  [[nodiscard]] std::string text(const std::string& letters) const { return is_wide_ ? wide(letters) : letters; }
  // As Access stores texts that are mostly Latin.
  [[nodiscard]] std::string packed(const std::string& letters) const {
    return is_wide_ ? "\xFF\xFE" + letters : letters;
  }
  [[nodiscard]] std::string header() const {
    std::string page = le(0x0100, 4) + "Standard Jet DB" + le(0, 1) + le(is_wide_ ? 1 : 0, 1);
    page.resize(page_bytes_);
    return page;
  }

 private:
  bool is_wide_;
  std::size_t page_bytes_;
};

// ---- Thrift's compact protocol

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7U) out.push_back(static_cast<char>(value | 0x80U));
  out.push_back(static_cast<char>(value));
  return out;
}
std::string zigzag(std::int64_t value) { return varint(static_cast<std::uint64_t>(value) << 1U); }
std::string counted(const std::string& text) { return varint(text.size()) + text; }

// Fields of a structure, in rising order.
class Thrift {
 public:
  Thrift& number(int id, std::int64_t value) { return put(id, 5, zigzag(value)); }
  Thrift& text(int id, const std::string& value) { return put(id, 8, counted(value)); }
  Thrift& structure(int id, const Thrift& value) { return put(id, 12, value.bytes()); }
  Thrift& list(int id, const std::vector<Thrift>& values) {
    std::string body = values.size() < 15 ? le(values.size() << 4U | 12U, 1) : le(0xFC, 1) + varint(values.size());
    for (const Thrift& value : values) body += value.bytes();
    return put(id, 9, body);
  }
  [[nodiscard]] std::string bytes() const { return out_ + '\0'; }

 private:
  Thrift& put(int id, unsigned type, const std::string& value) {
    const auto step = static_cast<unsigned>(id - last_id_);
    out_ += step < 16 ? le(step << 4U | type, 1) : le(type, 1) + zigzag(id);
    out_ += value;
    last_id_ = id;
    return *this;
  }
  std::string out_;
  int last_id_ = 0;
};

// ---- FlatBuffers

struct Flat {
  enum class Kind : std::uint8_t { table, tables, text, bytes };
  Kind kind = Kind::table;
  std::vector<std::pair<std::size_t, std::string>> scalars;  // of a table: which field, its bytes
  std::vector<Flat> children;
  std::string content;  // of `text`; of `bytes`, behind `count`
  std::size_t count = 0;
  std::size_t field = 0;  // of the table that it is a child of
};

Flat in_field(std::size_t field, Flat flat) {
  flat.field = field;
  return flat;
}

Flat flat_text(const std::string& text) { return {Flat::Kind::text, {}, {}, text}; }
Flat flat_tables(std::vector<Flat> tables) { return {Flat::Kind::tables, {}, std::move(tables), {}}; }

// Puts it behind what is there; where it lies.
std::size_t put_flat(std::string& out, const Flat& flat) {
  if (flat.kind == Flat::Kind::text || flat.kind == Flat::Kind::bytes) {
    const std::size_t at = out.size();
    out += le(flat.kind == Flat::Kind::text ? flat.content.size() : flat.count, 4) + flat.content + '\0';
    return at;
  }
  std::vector<std::size_t> patches;
  std::size_t at = out.size();
  if (flat.kind == Flat::Kind::tables) {
    out += le(flat.children.size(), 4);
    for (std::size_t i = 0; i < flat.children.size(); ++i) {
      patches.push_back(out.size());
      out += le(0, 4);
    }
  } else {
    std::array<std::size_t, 8> offsets{};
    std::string body = le(0, 4);
    std::vector<std::size_t> in_body;
    for (const auto& [field, bytes] : flat.scalars) {
      offsets.at(field) = body.size();
      body += bytes;
    }
    for (const Flat& child : flat.children) {
      offsets.at(child.field) = body.size();
      in_body.push_back(body.size());
      body += le(0, 4);
    }
    const std::size_t fields_at = out.size();
    out += le(4 + 2 * offsets.size(), 2) + le(body.size(), 2);
    for (const std::size_t offset : offsets) out += le(offset, 2);
    at = out.size();
    body.replace(0, 4, le(at - fields_at, 4));
    out += body;
    for (const std::size_t offset : in_body) patches.push_back(at + offset);
  }
  for (std::size_t i = 0; i < flat.children.size(); ++i) {
    const std::size_t child = put_flat(out, flat.children[i]);
    out.replace(patches[i], 4, le(child - patches[i], 4));
  }
  return at;
}

std::string flat_bytes(const Flat& root) {
  std::string out = le(0, 4);
  const std::size_t at = put_flat(out, root);
  return out.replace(0, 4, le(at, 4));
}

Flat arrow_field(const std::string& name, unsigned type, Flat of_type, std::vector<Flat> children = {}) {
  Flat field;
  field.scalars = {{2, le(type, 1)}};
  field.children = {in_field(0, flat_text(name)), in_field(3, std::move(of_type))};
  if (!children.empty()) field.children.push_back(in_field(5, flat_tables(std::move(children))));
  return field;
}

}  // namespace

std::string access_database(bool is_wide) {
  const AccessBuilder made(is_wide);
  enum : unsigned { kTruth = 1, kLong = 4, kMoney = 5, kTime = 8, kLetters = 10, kOle = 11, kMemo = 12 };
  const std::vector<AccessColumn> catalog{
      {"Id", kLong, 4}, {"Type", kLong, 4}, {"Flags", kLong, 4}, {"Name", kLetters, 0}, {"LvProp", kOle, 0}};
  const auto entry = [&](std::uint64_t page, std::uint64_t type, std::uint64_t flags, const std::string& name) {
    return made.row(5, le(page, 4) + le(type, 4) + le(flags, 4), {made.text(name), ""}, 0xF);
  };
  const std::vector<AccessColumn> animals{{"Id", kLong, 4},    {"Price", kMoney, 8},  {"Born", kTime, 8},
                                          {"Seen", kTruth, 1}, {"Name", kLetters, 0}, {"Notes", kMemo, 0}};
  const auto animal = [&](std::uint64_t id, double born, unsigned set, const std::string& name,
                          const std::string& notes) {
    return made.row(6, le(id, 4) + le(123'400, 8) + le(std::bit_cast<std::uint64_t>(born), 8), {name, notes}, set);
  };
  const std::string near = made.packed("found near the harbour");
  const std::string far(300, 'z');  // a row of more than 256 bytes, which Access 97 counts in another way
  std::string file = made.header() + made.data(0, {});
  file += made.definition(catalog, 2, 0, 6);  // page 2
  file += made.data(2, {entry(4, 1, 0, "Animals"), entry(9, 1, 0x80000000, "MSysOther"), entry(0, 5, 0, "Cheap ones")});
  file += made.definition(animals, 2, 1, 6);  // page 4
  file +=
      made.data(4,
                {animal(1, 45'360.75, 0x3F, made.packed("quokka"), le(near.size() | 0x80000000U, 4) + le(0, 8) + near),
                 animal(2, 1.0, 0x37, made.text("wombat"),
                        le(0x40000000U | (is_wide ? 600 : 300), 4) + le(7U << 8U, 4) + le(0, 4)),
                 animal(3, 1.0, 0x3F, made.text("gone"), "")},
                true);                               // page 5
  file += made.data(0, {made.map(3), made.map(5)});  // page 6
  file += made.data(0, {made.text(far)});            // page 7
  return file;
}

std::string parquet_table() {
  constexpr int kBytes = 6, kDouble = 5, kInt64 = 2, kRepeated = 2;
  const auto leaf = [](const std::string& name, int type) {
    return Thrift().number(1, type).number(3, 1).text(4, name);
  };
  const auto group = [](const std::string& name, int repetition, int children) {
    return Thrift().number(3, repetition).text(4, name).number(5, children);
  };
  const std::vector<Thrift> schema{
      Thrift().text(4, "schema").number(5, 5),
      leaf("name", kBytes).number(6, 0),
      leaf("price", kInt64).number(6, 5).number(7, 2).number(8, 10),
      group("tags", 1, 1).number(6, 3),
      group("list", kRepeated, 1),
      leaf("element", kBytes).structure(10, Thrift().structure(1, Thrift())),
      group("place", 1, 1),
      leaf("city", kBytes).number(6, 0),
      leaf("weight", kDouble),
  };
  const std::string footer = Thrift()
                                 .number(1, 2)
                                 .list(2, schema)
                                 .number(3, 42)
                                 .list(4, {Thrift().number(2, 100).number(3, 42)})
                                 .list(5, {Thrift().text(1, "title").text(2, "Animals of the island"),
                                           Thrift().text(1, "ARROW:schema").text(2, "AAAA")})
                                 .text(6, "quokka-writer 1.0")
                                 .bytes();
  return "PAR1" + std::string(100, 'd') + footer + le(footer.size(), 4) + "PAR1";
}

std::string arrow_table() {
  constexpr unsigned kInt = 2, kFloat = 3, kText = 5, kList = 12, kStruct = 13;
  Flat real;
  real.scalars = {{0, le(2, 2)}};
  Flat whole;
  whole.scalars = {{0, le(32, 4)}, {1, le(1, 1)}};
  Flat said;
  said.children = {in_field(0, flat_text("title")), in_field(1, flat_text("Animals of the island"))};
  Flat schema;
  const std::vector<Flat> fields{
      arrow_field("name", kText, {}), arrow_field("price", kFloat, real),
      arrow_field("tags", kList, {}, {arrow_field("item", kText, {})}),
      arrow_field("place", kStruct, {}, {arrow_field("city", kText, {}), arrow_field("code", kInt, whole)})};
  schema.children = {in_field(1, flat_tables(fields)), in_field(2, flat_tables({said}))};
  Flat batch;
  batch.scalars = {{0, le(42, 8)}};
  Flat message;
  message.scalars = {{0, le(4, 2)}, {1, le(3, 1)}};
  message.children = {in_field(2, batch)};
  const std::string batch_bytes = flat_bytes(message);
  const std::string begin = std::string("ARROW1\0\0", 8);
  const std::string framed = le(0xFFFFFFFF, 4) + le(batch_bytes.size(), 4) + batch_bytes;
  Flat blocks{Flat::Kind::bytes, {}, {}, le(begin.size(), 8) + le(framed.size(), 4) + le(0, 4) + le(0, 8), 1};
  Flat footer;
  footer.scalars = {{0, le(4, 2)}};
  footer.children = {in_field(1, schema), in_field(3, blocks)};
  const std::string footer_bytes = flat_bytes(footer);
  return begin + framed + footer_bytes + le(footer_bytes.size(), 4) + "ARROW1";
}

std::string netcdf_array(unsigned version) {
  const std::size_t word = version == 5 ? 8 : 4;
  const auto name = [&](const std::string& text) {
    std::string out = be(text.size(), word) + text;
    while ((out.size() - word) % 4 != 0) out.push_back('\0');
    return out;
  };
  const auto letters = [&](const std::string& key, const std::string& value) {
    return name(key) + be(2, 4) + name(value);
  };
  std::string file = "CDF" + be(version, 1) + be(7, word);
  file += be(0x0A, 4) + be(2, word) + name("time") + be(0, word) + name("station") + be(3, word);
  file += be(0x0C, 4) + be(2, word) + letters("title", "Weather of the quokka island") + name("levels") + be(3, 4) +
          be(2, word) + be(5, 2) + be(0xFFFE, 2);
  file += be(0x0B, 4) + be(1, word) + name("temperature") + be(2, word) + be(0, word) + be(1, word);
  file +=
      be(0x0C, 4) + be(1, word) + letters("units", "kelvin") + be(5, 4) + be(12, word) + be(300, version == 1 ? 4 : 8);
  return file + std::string(100, '\0');
}

std::string hdf5_arrays(bool is_dense) {
  const hid_t choices = ::H5Pcreate(H5P_FILE_ACCESS);
  ::H5Pset_fapl_core(choices, 1U << 16U, 0);  // in memory
  const hid_t file = ::H5Fcreate("/made", H5F_ACC_TRUNC, H5P_DEFAULT, choices);
  const auto say = [](hid_t about, const char* name, const std::string& value) {
    const hid_t type = ::H5Tcopy(H5T_C_S1);
    ::H5Tset_size(type, value.size());
    const hid_t space = ::H5Screate(H5S_SCALAR);
    const hid_t attribute = ::H5Acreate2(about, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    ::H5Awrite(attribute, type, value.data());
    ::H5Aclose(attribute);
    ::H5Sclose(space);
    ::H5Tclose(type);
  };
  say(file, "title", "Recordings of quokkas");
  const hid_t group_choices = ::H5Pcreate(H5P_GROUP_CREATE);
  const hid_t array_choices = ::H5Pcreate(H5P_DATASET_CREATE);
  if (is_dense) {
    ::H5Pset_link_creation_order(group_choices, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    ::H5Pset_link_phase_change(group_choices, 0, 0);
    ::H5Pset_attr_creation_order(array_choices, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    ::H5Pset_attr_phase_change(array_choices, 0, 0);
  }
  const hid_t group = ::H5Gcreate2(file, "session", H5P_DEFAULT, group_choices, H5P_DEFAULT);
  const std::array<hsize_t, 2> sides{100, 20};
  const hid_t space = ::H5Screate_simple(2, sides.data(), nullptr);
  const hid_t array = ::H5Dcreate2(group, "voltage", H5T_IEEE_F32LE, space, H5P_DEFAULT, array_choices, H5P_DEFAULT);
  say(array, "units", "millivolt");
  const hid_t record = ::H5Tcreate(H5T_COMPOUND, 12);
  ::H5Tinsert(record, "time", 0, H5T_IEEE_F64LE);
  ::H5Tinsert(record, "count", 8, H5T_STD_I32LE);
  const std::array<hsize_t, 1> length{5};
  const hid_t line = ::H5Screate_simple(1, length.data(), nullptr);
  const hid_t table = ::H5Dcreate2(group, "events", record, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  ::H5Lcreate_soft("/session", group, "again", H5P_DEFAULT, H5P_DEFAULT);
  ::H5Lcreate_hard(file, "/session", group, "ring", H5P_DEFAULT, H5P_DEFAULT);
  for (const hid_t dataset : {array, table}) ::H5Dclose(dataset);
  for (const hid_t one : {space, line}) ::H5Sclose(one);
  ::H5Tclose(record);
  ::H5Gclose(group);
  ::H5Fflush(file, H5F_SCOPE_GLOBAL);
  std::string image(static_cast<std::size_t>(::H5Fget_file_image(file, nullptr, 0)), '\0');
  ::H5Fget_file_image(file, image.data(), image.size());
  ::H5Fclose(file);
  for (const hid_t one : {choices, group_choices, array_choices}) ::H5Pclose(one);
  return image;
}

}  // namespace atl::extract::testing
