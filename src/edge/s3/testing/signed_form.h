// Form uploads as a browser sends them, with a policy that is signed: for tests.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/s3/signature.h"
#include "foundation/base/time.h"

namespace atl::s3::testing {

struct SentForm {
  std::string content_type;
  std::string body;
};
using FormPairs = std::vector<std::pair<std::string, std::string>>;

// The fields that carry a policy: with `conditions` (JSON, with commas between) and those on the signature's own
// fields.
[[nodiscard]] FormPairs signed_policy(const Credentials& credentials, Timestamp now, std::string_view conditions,
                                      std::int64_t expires_s = 600);
// The file comes last.
[[nodiscard]] SentForm form_of(const FormPairs& fields, std::string_view file_name, std::string_view content);

}  // namespace atl::s3::testing
