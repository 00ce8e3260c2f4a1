// HDF5, and what is written as HDF5: NetCDF 4, MATLAB 7.3, Keras' models. Groups, datasets with types and shapes, and
// what is said about them, through the HDF Group's library (https://docs.hdfgroup.org/hdf5/v1_10/). The library reads
// through the Input; data of datasets is not read, so that no filter of a content runs. Always true: links that lead to
// other files, and soft ones, are not followed; no object is looked at twice.
#include "derived/extract/internal/hdf5_format.h"

#include <hdf5.h>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"
#include "derived/extract/internal/table_listing.h"

namespace atl::extract {
namespace {

constexpr std::size_t kObjectsMax = 5000;
constexpr int kDepthMax = 32;
constexpr std::size_t kAttributesMax = 200;  // of one object
constexpr hssize_t kValuesSaidMax = 16;
constexpr std::size_t kTextBytesMax = 64U << 10U;
constexpr int kSidesMax = 32;  // H5S_MAX_RANK
constexpr unsigned kMembersMax = 500;

// The library's numbers for what it holds open.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  [[nodiscard]] bool is_open() const { return id_ >= 0; }
  [[nodiscard]] hid_t id() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

// A file of the library's, over an Input ("virtual file driver"): reading alone.
struct InputFile {
  H5FD_t head{};  // first: the library sees nothing else of it
  Input* input = nullptr;
  haddr_t end_of_addresses = 0;
};
struct InputChoice {
  Input* input = nullptr;
};

InputFile& file_of(H5FD_t* file) { return *reinterpret_cast<InputFile*>(file); }                    // NOLINT
const InputFile& file_of(const H5FD_t* file) { return *reinterpret_cast<const InputFile*>(file); }  // NOLINT

extern "C" {
static H5FD_t* open_input(const char* /*name*/, unsigned /*flags*/, hid_t choices, haddr_t /*address_max*/) {
  const auto* const choice = static_cast<const InputChoice*>(::H5Pget_driver_info(choices));
  if (choice == nullptr) return nullptr;
  auto* const file = new (std::nothrow) InputFile;  // NOLINT(*-owning-memory): the library owns it until close_input()
  if (file == nullptr) return nullptr;
  file->input = choice->input;
  return &file->head;
}
static herr_t close_input(H5FD_t* file) {
  delete &file_of(file);  // NOLINT(*-owning-memory)
  return 0;
}
static herr_t query_input(const H5FD_t* /*file*/, unsigned long* flags) {  // NOLINT(google-runtime-int): theirs
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_DATA_SIEVE;
  return 0;
}
static haddr_t end_of_addresses(const H5FD_t* file, H5FD_mem_t /*type*/) { return file_of(file).end_of_addresses; }
static herr_t set_end_of_addresses(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t end) {
  file_of(file).end_of_addresses = end;
  return 0;
}
static haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t /*type*/) { return file_of(file).input->size(); }
static herr_t read_input(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*choices*/, haddr_t at, std::size_t count,
                         void* out) {
  ByteSpan left(static_cast<std::uint8_t*>(out), count);
  while (!left.empty()) {
    const auto got = file_of(file).input->read(at, left);
    if (!got) return -1;
    if (*got == 0) break;
    at += *got;
    left = left.subspan(*got);
  }
  std::ranges::fill(left, std::uint8_t{0});  // behind the end, as the library's own drivers do
  return 0;
}
static herr_t write_nothing(H5FD_t* /*file*/, H5FD_mem_t /*type*/, hid_t /*choices*/, haddr_t /*at*/,
                            std::size_t /*count*/, const void* /*bytes*/) {
  return -1;
}
}

H5FD_class_t input_driver() {
  H5FD_class_t driver{};
#ifdef H5FD_CLASS_VERSION
  driver.version = H5FD_CLASS_VERSION;
  driver.value = static_cast<H5FD_class_value_t>(400);
#endif
  driver.name = "input";
  driver.maxaddr = HADDR_MAX;
  driver.fc_degree = H5F_CLOSE_STRONG;
  driver.fapl_size = sizeof(InputChoice);
  driver.open = open_input;
  driver.close = close_input;
  driver.query = query_input;
  driver.get_eoa = end_of_addresses;
  driver.set_eoa = set_end_of_addresses;
  driver.get_eof = end_of_file;
  driver.read = read_input;
  driver.write = write_nothing;
  constexpr std::array<H5FD_mem_t, H5FD_MEM_NTYPES> kOneList H5FD_FLMAP_SINGLE;
  std::ranges::copy(kOneList, driver.fl_map);
  return driver;
}

// "float32", "text", "list of int16".
std::string type_of(hid_t type, int depth = 0) {
  const std::string bits = std::to_string(8 * ::H5Tget_size(type));
  switch (::H5Tget_class(type)) {
    case H5T_INTEGER: return (::H5Tget_sign(type) == H5T_SGN_NONE ? "uint" : "int") + bits;
    case H5T_FLOAT: return "float" + bits;
    case H5T_STRING: return "text";
    case H5T_BITFIELD: return "bits" + bits;
    case H5T_OPAQUE: return "bytes";
    case H5T_COMPOUND: return "record";
    case H5T_REFERENCE: return "reference";
    case H5T_ENUM: {
      const int count = ::H5Tget_nmembers(type);
      if (count == 2) {  // as h5py writes truths
        char* const name = ::H5Tget_member_name(type, 0);
        const bool is_truth = name != nullptr && std::string_view(name) == "FALSE";
        ::H5free_memory(name);
        if (is_truth) return "bool";
      }
      return "enum";
    }
    case H5T_VLEN:
    case H5T_ARRAY: {
      if (depth > 8) return "list";
      const Handle element(::H5Tget_super(type), ::H5Tclose);
      return element.is_open() ? "list of " + type_of(element.id(), depth + 1) : "list";
    }
    default: return "unknown";
  }
}

// Texts and numbers; empty where it is something else, or too large to be worth saying.
std::string value_of_attribute(hid_t attribute) {
  const Handle type(::H5Aget_type(attribute), ::H5Tclose);
  const Handle space(::H5Aget_space(attribute), ::H5Sclose);
  if (!type.is_open() || !space.is_open()) return {};
  const hssize_t count = ::H5Sget_simple_extent_npoints(space.id());
  if (count < 1 || count > kValuesSaidMax) return {};
  const auto values = static_cast<std::size_t>(count);
  std::string words;
  const auto add = [&words](std::string_view word) {
    if (!words.empty()) words += ", ";
    words += word;
  };
  const H5T_class_t kind = ::H5Tget_class(type.id());
  if (kind == H5T_STRING && ::H5Tis_variable_str(type.id()) > 0) {
    std::vector<char*> texts(values, nullptr);
    const Handle wanted(::H5Tcopy(type.id()), ::H5Tclose);
    if (::H5Aread(attribute, wanted.id(), texts.data()) < 0) return {};
    for (const char* const text : texts)
      if (text != nullptr) add(guess_utf8(std::string_view(text).substr(0, kTextBytesMax)));
    ::H5Dvlen_reclaim(wanted.id(), space.id(), H5P_DEFAULT, texts.data());
  } else if (kind == H5T_STRING) {
    const std::size_t width = ::H5Tget_size(type.id());
    if (width == 0 || width > kTextBytesMax) return {};
    std::string all(width * values, '\0');
    if (::H5Aread(attribute, type.id(), all.data()) < 0) return {};
    for (std::size_t i = 0; i < values; ++i) {
      const auto text = std::string_view(all).substr(i * width, width);
      add(guess_utf8(text.substr(0, text.find('\0'))));
    }
  } else if (kind == H5T_INTEGER) {
    std::vector<long long> numbers(values);
    if (::H5Aread(attribute, H5T_NATIVE_LLONG, numbers.data()) < 0) return {};
    for (const long long number : numbers) add(std::to_string(number));
  } else if (kind == H5T_FLOAT) {
    std::vector<double> numbers(values);
    if (::H5Aread(attribute, H5T_NATIVE_DOUBLE, numbers.data()) < 0) return {};
    for (const double number : numbers) add(decimal(number));
  }
  return words;
}

// What writers keep for themselves: HDF5's dimension scales, NetCDF 4, pandas' pickles.
bool is_of_the_writer(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames{
      "CLASS",         "NAME",        "DIMENSION_LIST",      "REFERENCE_LIST",   "_FillValue",
      "_Netcdf4Dimid", "_nc3_strict", "_Netcdf4Coordinates", "DIMENSION_LABELS", "_NCProperties"};
  return std::ranges::find(kNames, name) != kNames.end();
}

class Walk {
 public:
  Walk(Job& job, TableListing& listing) : job_(&job), listing_(&listing) {}

  void group(hid_t group, const std::string& path, int depth) {
    attributes(group, path);
    // Their names first: nothing is opened while the library goes through its own list.
    std::vector<std::string> names;
    hsize_t at = 0;
    const auto take = [](hid_t /*group*/, const char* name, const H5L_info_t* link, void* out) noexcept -> herr_t {
      auto& found = *static_cast<std::vector<std::string>*>(out);
      if (link->type != H5L_TYPE_HARD) return 0;
      if (found.size() >= kObjectsMax) return 1;
      try {
        found.emplace_back(name);
      } catch (const std::bad_alloc&) {
        return -1;
      }
      return 0;
    };
    if (::H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, &at, take, &names) < 0) is_whole_ = false;
    std::ranges::sort(names);
    for (const std::string& name : names) {
      if (count_ >= kObjectsMax) {
        job_->out.truncated();
        return;
      }
      object(group, name, path.empty() ? name : path + "/" + name, depth);
    }
  }
  [[nodiscard]] bool is_whole() const { return is_whole_; }

 private:
  void object(hid_t group, const std::string& name, const std::string& path, int depth) {
    ++count_;
    H5O_info_t info{};
    if (::H5Oget_info_by_name2(group, name.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) {
      is_whole_ = false;
      return;
    }
    if (!seen_.insert(info.addr).second) return;
    const Handle object(::H5Oopen(group, name.c_str(), H5P_DEFAULT), ::H5Oclose);
    if (!object.is_open()) {
      is_whole_ = false;
    } else if (info.type == H5O_TYPE_DATASET) {
      dataset(object.id(), path);
    } else if (info.type == H5O_TYPE_GROUP && depth >= kDepthMax) {
      job_->out.truncated();
    } else if (info.type == H5O_TYPE_GROUP) {
      this->group(object.id(), path, depth + 1);
    }
  }

  void dataset(hid_t dataset, const std::string& path) {
    const Handle type(::H5Dget_type(dataset), ::H5Tclose);
    const Handle space(::H5Dget_space(dataset), ::H5Sclose);
    if (!type.is_open() || !space.is_open()) {
      is_whole_ = false;
      return;
    }
    std::array<hsize_t, kSidesMax> sides{};
    const int side_count = std::clamp(::H5Sget_simple_extent_dims(space.id(), sides.data(), nullptr), 0, kSidesMax);
    std::vector<std::uint64_t> shape(sides.begin(), sides.begin() + side_count);
    listing_->array(path, type_of(type.id()), shape);
    if (::H5Tget_class(type.id()) == H5T_COMPOUND) {
      const int members = ::H5Tget_nmembers(type.id());
      for (unsigned i = 0; i < static_cast<unsigned>(std::max(members, 0)) && i < kMembersMax; ++i) {
        char* const name = ::H5Tget_member_name(type.id(), i);
        const Handle member(::H5Tget_member_type(type.id(), i), ::H5Tclose);
        if (name != nullptr && member.is_open()) listing_->column(path + "." + name, type_of(member.id()));
        ::H5free_memory(name);
      }
    }
    attributes(dataset, path);
  }

  void attributes(hid_t object, const std::string& path) {
    std::vector<std::string> names;
    hsize_t at = 0;
    const auto take = [](hid_t /*object*/, const char* name, const H5A_info_t* /*info*/, void* out) noexcept -> herr_t {
      auto& found = *static_cast<std::vector<std::string>*>(out);
      if (found.size() >= kAttributesMax) return 1;
      try {
        found.emplace_back(name);
      } catch (const std::bad_alloc&) {
        return -1;
      }
      return 0;
    };
    if (::H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &at, take, &names) < 0) is_whole_ = false;
    for (const std::string& name : names) {
      if (is_of_the_writer(name)) continue;
      const Handle attribute(::H5Aopen(object, name.c_str(), H5P_DEFAULT), ::H5Aclose);
      if (attribute.is_open()) listing_->attribute("Hdf5", path, name, value_of_attribute(attribute.id()));
    }
  }

  Job* job_;
  TableListing* listing_;
  std::set<haddr_t> seen_;
  std::size_t count_ = 0;
  bool is_whole_ = true;
};

}  // namespace

void prepare_hdf5() {
  ::H5dont_atexit();
  ::H5open();
  ::H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Result<void> read_hdf5(Job& job) {
  const auto malformed = fail(ErrorKind::damaged, "extract.malformed", "its structure is damaged");
  const H5FD_class_t driver = input_driver();
  const Handle registered(::H5FDregister(&driver), ::H5FDunregister);
  const Handle choices(::H5Pcreate(H5P_FILE_ACCESS), ::H5Pclose);
  const InputChoice choice{&job.input};
  if (!registered.is_open() || !choices.is_open() || ::H5Pset_driver(choices.id(), registered.id(), &choice) < 0)
    return fail(ErrorKind::failed, "extract.library", "the library that reads it does not work");
  // An absolute name: of others the library asks for the working folder.
  const Handle file(::H5Fopen("/content", H5F_ACC_RDONLY, choices.id()), ::H5Fclose);
  if (!file.is_open()) return malformed;
  const Handle root(::H5Gopen2(file.id(), "/", H5P_DEFAULT), ::H5Gclose);
  if (!root.is_open()) return malformed;
  TableListing listing(job.out);
  Walk walk(job, listing);
  walk.group(root.id(), "", 0);
  listing.finish();
  if (!walk.is_whole()) return malformed;
  return {};
}

}  // namespace atl::extract
