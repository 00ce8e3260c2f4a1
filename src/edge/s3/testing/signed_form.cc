#include "edge/s3/testing/signed_form.h"

#include "foundation/base/bytes.h"
#include "foundation/codec/hmac.h"

namespace atl::s3::testing {

FormPairs signed_policy(const Credentials& credentials, Timestamp now, std::string_view conditions,
                        std::int64_t expires_s) {
  const std::string time = format_basic_time(now.unix_us / 1'000'000);
  const std::string date = time.substr(0, 8);
  const std::string credential = credentials.access_key + "/" + date + "/" + credentials.region + "/s3/aws4_request";
  std::string policy =
      "{\"expiration\":\"" + format_rfc3339(Timestamp{now.unix_us + expires_s * 1'000'000}) + "\",\"conditions\":[";
  policy.append(conditions).append(conditions.empty() ? "" : ",");
  policy += "{\"x-amz-algorithm\":\"AWS4-HMAC-SHA256\"},{\"x-amz-credential\":\"" + credential +
            "\"},{\"x-amz-date\":\"" + time + "\"}]}";
  const std::string encoded = to_base64(as_bytes(policy));
  const auto key = signing_key(credentials.secret, date, credentials.region);
  return {{"policy", encoded},
          {"x-amz-algorithm", "AWS4-HMAC-SHA256"},
          {"x-amz-credential", credential},
          {"x-amz-date", time},
          {"x-amz-signature", to_hex(codec::hmac_sha256(key, as_bytes(encoded)))}};
}

SentForm form_of(const FormPairs& fields, std::string_view file_name, std::string_view content) {
  const std::string boundary = "----FormBoundary7MA4YWxkTrZu0gW";
  SentForm form{"multipart/form-data; boundary=" + boundary, {}};
  const auto begin = [&](std::string_view more) {
    form.body.append("--").append(boundary).append("\r\nContent-Disposition: form-data; ").append(more);
  };
  for (const auto& [name, value] : fields) {
    begin("name=\"" + name + "\"\r\n\r\n");
    form.body.append(value).append("\r\n");
  }
  begin("name=\"file\"; filename=\"");
  form.body.append(file_name).append("\"\r\nContent-Type: text/plain\r\n\r\n").append(content);
  form.body.append("\r\n--").append(boundary).append("--\r\n");
  return form;
}

}  // namespace atl::s3::testing
