// The library in one page: make a home and a vault, put an object, read it back, find it by a filter.
//   put_get_find FOLDER     FOLDER/home and FOLDER/keys are made where they are missing
#include <iostream>

#include "catalog/filter/filter.h"
#include "foundation/platform/posix_machine.h"
#include "vault/home.h"
#include "vault/object/objects.h"

namespace {

using namespace atl;

Result<void> show(const platform::Machine& machine, const std::string& folder) {
  const vault::UnlockSecrets secrets{folder + "/keys", {}};
  auto home = vault::Home::open(machine, folder + "/home");
  if (!home && home.error().kind == ErrorKind::missing_home) {
    home = vault::Home::create(machine, folder + "/home");
    if (home) ATOLL_TRY((*home)->create_vault({}, secrets, std::nullopt));
  }
  if (!home) return pass(home.error());
  ATOLL_ASSIGN(const VaultId id, (*home)->find_vault("", secrets));
  ATOLL_ASSIGN(const auto opened, (*home)->open_vault(id, secrets, {}));

  vault::Objects objects(*opened);
  std::string_view text = "The boiler was repaired on 3 May.\n";
  const auto read_some = [&](ByteSpan out) -> Result<std::size_t> {  // called until it gives 0
    const std::size_t count = std::min(out.size(), text.size());
    std::copy_n(text.begin(), count, out.begin());
    text.remove_prefix(count);
    return count;
  };
  vault::PutRequest request;
  request.tags["place"] = "cellar";
  ATOLL_TRY(objects.put("letters", "2024/boiler.txt", read_some, request));  // synced when it returns

  ATOLL_ASSIGN(const auto found, objects.find("letters", "2024/boiler.txt"));
  ATOLL_TRY(objects.read(found.version, 0, found.version.size, [](ByteView piece) -> Result<bool> {
    std::cout << as_text(piece);
    return true;
  }));

  ATOLL_ASSIGN(const auto filter, filter::parse("boiler tag:place=cellar", machine.clock.now()));
  ATOLL_TRY(opened->reader()->scan(found.bucket.id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
    filter::Subject subject;
    subject.key = listed.entry.key;
    subject.name = subject.key.substr(subject.key.rfind('/') + 1);
    subject.tags = &listed.version.tags;
    if (filter.matches(subject)) std::cout << "found " << subject.key << "\n";
    return true;
  }));
  return opened->close();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: put_get_find FOLDER\n";
    return 2;
  }
  platform::PosixMachine machine;
  const auto shown = show(machine.machine(), argv[1]);
  if (!shown) std::cerr << shown.error().message << "\n";
  return shown ? 0 : 1;
}
