// Every decoder of the rows of accounts on foreign bytes: no crash, and what decodes encodes to something that decodes
// to the same.
#include <algorithm>

#include "catalog/access_rows.h"

using namespace atl;           // NOLINT(google-build-using-namespace)
using namespace atl::catalog;  // NOLINT(google-build-using-namespace)

namespace {

template <class Row>
void check(ByteView key, ByteView row) {
  Row decoded;
  if (!decode(key, row, decoded)) return;
  Row again;
  const auto read = decode(key_of(decoded), encode(decoded), again);
  ATOLL_INVARIANT(read && again == decoded, "rows come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView input(data + 2, size - 2);
  const std::size_t key_bytes = std::min<std::size_t>(data[1], input.size());
  const ByteView key = input.first(key_bytes);
  const ByteView row = input.subspan(key_bytes);
  switch (data[0] % 12) {
    case 0: check<PrincipalRow>(key, row); break;
    case 1: check<MembershipRow>(key, row); break;
    case 2: check<RoleRow>(key, row); break;
    case 3: check<GrantRow>(key, row); break;
    case 4: check<TokenRow>(key, row); break;
    case 5: check<S3KeyRow>(key, row); break;
    case 6: check<SessionRow>(key, row); break;
    case 7: check<ShareRow>(key, row); break;
    case 8: check<QuotaRow>(key, row); break;
    case 9: check<AuditBatchRow>(key, row); break;
    case 10: check<HomeSettingRow>(key, row); break;
    default: {
      const auto records = decode_records(input);
      if (!records) break;
      Bytes encoded;
      for (const AuditRecord& record : *records) append_record(record, encoded);
      ATOLL_INVARIANT(decode_records(encoded).value() == *records, "records come back");
    }
  }
  return 0;
}
