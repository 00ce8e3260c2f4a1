// The writing side of a remote tree.
#include <deque>

#include "edge/remote/internal/tree_state.h"

namespace atl::remote {
namespace {

using platform::ExtendedAttributes;
using platform::NodeInfo;
using platform::TargetDirectory;
using platform::TargetFile;

constexpr std::size_t kPieceBytes = 1024 * 1024;
constexpr std::size_t kPiecesUnderWay = 8;

class RemoteTargetFile final : public TargetFile {
 public:
  RemoteTargetFile(std::shared_ptr<TreeState> state, Place place, std::string name)
      : state_(std::move(state)), place_(std::move(place)), name_(std::move(name)), number_(state_->next_file()) {}
  RemoteTargetFile(const RemoteTargetFile&) = delete;
  RemoteTargetFile& operator=(const RemoteTargetFile&) = delete;
  RemoteTargetFile(RemoteTargetFile&&) = delete;
  RemoteTargetFile& operator=(RemoteTargetFile&&) = delete;
  ~RemoteTargetFile() override {
    if (!is_created_ || is_closed_) return;
    Call call;
    call.kind = CallKind::put_file;
    call.file = number_;
    call.steps = kPutClose;
    ignore_error_on_purpose(state_->channel.call(call));  // whoever gave the file up has said why
  }

  Result<void> write_at(std::uint64_t offset, ByteView data) override {
    while (!data.empty()) {
      if (!held_.empty() && (offset != begin_ + held_.size() || held_.size() >= kPieceBytes)) ATOLL_TRY(send_held());
      if (held_.empty()) begin_ = offset;
      const std::size_t count = std::min(data.size(), kPieceBytes - held_.size());
      held_.insert(held_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
      offset += count;
      data = data.subspan(count);
    }
    return {};
  }
  Result<void> set_size(std::uint64_t size) override {
    size_ = size;
    return {};
  }
  Result<void> sync() override {
    ATOLL_TRY(settle(kPutSync, nullptr, nullptr));
    return {};
  }
  Result<std::vector<std::string>> apply(const NodeInfo& info, const ExtendedAttributes& attributes) override {
    ATOLL_ASSIGN(Answer answer, settle(kPutApply | kPutClose, &info, &attributes));
    is_closed_ = true;
    return std::move(answer.words);
  }
  Result<void> finish() override {
    if (is_closed_) return {};
    ATOLL_TRY(settle(kPutClose, nullptr, nullptr));
    is_closed_ = true;
    return {};
  }

 private:
  [[nodiscard]] Call next_call() {
    Call call = call_of(CallKind::put_file, place_, is_created_ ? "" : name_);
    call.file = number_;
    if (!is_created_) call.steps |= kPutCreate;
    if (!held_.empty()) {
      call.steps |= kPutWrite;
      call.offset = begin_;
      call.bytes = std::move(held_);
      held_ = {};
    }
    return call;
  }

  Result<void> send_held() {
    const bool creates = !is_created_;
    const Call call = next_call();
    if (creates) {  // the others need it
      ATOLL_TRY(state_->channel.call(call));
      is_created_ = true;
      return {};
    }
    while (under_way_.size() >= kPiecesUnderWay) ATOLL_TRY(wait_for_one());
    ATOLL_ASSIGN(auto pending, state_->channel.begin(call));
    under_way_.push_back(std::move(pending));
    return {};
  }
  Result<void> wait_for_one() {
    auto pending = std::move(under_way_.front());
    under_way_.pop_front();
    ATOLL_TRY(pending.wait());
    return {};
  }

  // What is held, then these steps, when everything before has been done.
  Result<Answer> settle(std::uint32_t steps, const NodeInfo* info, const ExtendedAttributes* attributes) {
    while (!under_way_.empty()) ATOLL_TRY(wait_for_one());
    Call call = next_call();
    call.steps |= steps;
    if (size_) {
      call.steps |= kPutSetSize;
      call.size = *size_;
    }
    if (info != nullptr) call.info = *info;
    if (attributes != nullptr) call.attributes = *attributes;
    auto answer = state_->channel.call(call);
    if (answer) is_created_ = true;
    return answer;
  }

  std::shared_ptr<TreeState> state_;
  Place place_;
  std::string name_;
  std::uint64_t number_;
  bool is_created_ = false;
  bool is_closed_ = false;
  Bytes held_;
  std::uint64_t begin_ = 0;
  std::optional<std::uint64_t> size_;
  std::deque<CallChannel::Pending> under_way_;
};

class RemoteTargetDirectory final : public TargetDirectory {
 public:
  RemoteTargetDirectory(std::shared_ptr<TreeState> state, Place place, std::shared_ptr<TargetFolder> folder)
      : state_(std::move(state)), place_(std::move(place)), folder_(std::move(folder)) {}

  Result<std::optional<NodeInfo>> info(const std::string& name) override {
    if (auto known = folder_->find(name); known) return *known;
    ATOLL_ASSIGN(const Answer answer, state_->channel.call(call_of(CallKind::look_target, place_, name)));
    return answer.info;
  }
  Result<std::unique_ptr<TargetFile>> create_file(const std::string& name) override {
    ATOLL_ASSIGN(const auto there, info(name));
    if (there) return fail(ErrorKind::conflict, "target.exists", "cannot create " + name + ": it exists");
    folder_->touch(name);
    return std::make_unique<RemoteTargetFile>(state_, place_, name);
  }
  Result<void> create_symlink(const std::string& name, const std::string& target) override {
    Call call = call_of(CallKind::symlink, place_, name);
    call.text = target;
    return change(call, name);
  }
  Result<void> create_special(const std::string& name, const NodeInfo& info) override {
    Call call = call_of(CallKind::special, place_, name);
    call.info = info;
    return change(call, name);
  }
  Result<void> create_hard_link(const std::string& name, TargetDirectory& from, const std::string& from_name) override {
    const auto* const other = dynamic_cast<const RemoteTargetDirectory*>(&from);
    ATOLL_INVARIANT(other != nullptr, "a link leads to a file of the same tree");
    Call call = call_of(CallKind::hard_link, place_, name);
    call.names.push_back(from_name);
    call.other = other->place_;
    return change(call, name);
  }
  Result<std::unique_ptr<TargetDirectory>> open_directory(const std::string& name) override {
    Place below = place_;
    below.parts.push_back(name);
    ATOLL_ASSIGN(auto folder, state_->target_folder(below));
    folder_->touch(name);
    return make_remote_target(state_, std::move(below), std::move(folder));
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    Call call = call_of(CallKind::rename, place_, from);
    call.text = to;
    folder_->touch(to);
    return change(call, from);
  }
  Result<void> remove(const std::string& name) override {
    // The usual answer for what a broken-off run may have left behind.
    if (const auto known = folder_->find(name); known && !*known)
      return fail(ErrorKind::not_found, "target.missing", "cannot remove " + name + ": it is not there");
    return change(call_of(CallKind::remove_target, place_, name), name);
  }
  Result<std::vector<std::string>> apply(const std::string& name, const NodeInfo& info,
                                         const ExtendedAttributes& attributes) override {
    folder_->touch(name);
    return apply(call_of(CallKind::apply, place_, name), info, attributes);
  }
  Result<std::vector<std::string>> apply_own(const NodeInfo& info, const ExtendedAttributes& attributes) override {
    return apply(call_of(CallKind::apply_own, place_), info, attributes);
  }

 private:
  Result<void> change(const Call& call, const std::string& name) {
    folder_->touch(name);
    ATOLL_TRY(state_->channel.call(call));
    return {};
  }
  Result<std::vector<std::string>> apply(Call call, const NodeInfo& info, const ExtendedAttributes& attributes) {
    call.info = info;
    call.attributes = attributes;
    ATOLL_ASSIGN(Answer answer, state_->channel.call(call));
    return std::move(answer.words);
  }

  std::shared_ptr<TreeState> state_;
  Place place_;
  std::shared_ptr<TargetFolder> folder_;
};

}  // namespace

std::unique_ptr<TargetDirectory> make_remote_target(std::shared_ptr<TreeState> state, Place place,
                                                    std::shared_ptr<TargetFolder> folder) {
  return std::make_unique<RemoteTargetDirectory>(std::move(state), std::move(place), std::move(folder));
}

}  // namespace atl::remote
