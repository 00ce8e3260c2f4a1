// Where S3 places and the keys for them come from: options, the environment, Amazon's files, and the settings folder.
//
// Always true:
//  - A secret is never in an argument, a message or the home. What is kept of one lies in the settings folder beside
//  the
//    keys that unlock vaults, in a file for its owner only (mode 0600): keys/s3.<host>.<bucket>.credentials.
//  - Inside a server the environment is the server's, whose AWS_* name its own first S3 key: it is not asked there, but
//    that of the owner who typed the command on this machine.
#pragma once

#include <optional>
#include <string>

#include "edge/cli/session.h"
#include "services/backup/copies.h"

namespace CLI {
class App;
}

namespace atl::cli {

struct S3Arguments {
  std::string endpoint, region, storage_class, address, check, every, price, fingerprint;
  std::string credentials_file, profile;
};
// How to reach a place and with which key.
void add_s3_reach_options(CLI::App& command, S3Arguments& arguments);
// What a copy there costs and how it is kept.
void add_s3_copy_options(CLI::App& command, S3Arguments& arguments);

// "s3://bucket/prefix" with what options and environment say about it.
[[nodiscard]] Result<blob::S3Place> s3_place_of(const Session& session, const std::string& given,
                                                const S3Arguments& arguments);
// What was named comes first, then the environment, Amazon's files, what is kept. `denied` "s3.no_credentials".
[[nodiscard]] Result<net::AwsCredentials> given_credentials(const Session& session, const S3Arguments& arguments,
                                                            const blob::S3Place& place);
// Where they last for hours only they are not kept, and false is the answer.
[[nodiscard]] Result<bool> keep_credentials(const Environment& environment, const blob::S3Place& place,
                                            const net::AwsCredentials& credentials);
// For copies that are there: what is kept, then as above.
[[nodiscard]] Result<net::AwsCredentials> kept_credentials(const Environment& environment, const blob::S3Place& place);

// `environment` outlives them.
[[nodiscard]] backup::CopySurroundings copy_surroundings(const Environment& environment);
[[nodiscard]] backup::CopyReach copy_reach(const Session& session);
// With the credentials that were named.
[[nodiscard]] backup::CopyReach copy_reach(const Session& session, const S3Arguments& arguments);

// For people: of a folder its path, of an S3 place bucket, prefix and host.
[[nodiscard]] std::string shown_place(const std::string& place);

}  // namespace atl::cli
