// Answers to POSTs with an Idempotency-Key, beyond the process: rows of the vault that the request was about.
//
// Always true:
//  - An answer that shows a secret is never kept, nor one longer than kStoredBodyBytesMax, nor one of a failure inside.
//  - Kept for a day, the newest kStoredMax of each vault; what is older goes with a later one.
//  - Written right behind the change itself, not with it: where the machine dies between the two, a repetition is done
//    anew.
// Thread rules: plain functions.
#pragma once

#include "edge/rest/state.h"
#include "vault/vault.h"

namespace atl::rest {

inline constexpr std::size_t kStoredBodyBytesMax = 4 * 1024;
inline constexpr std::size_t kStoredMax = 1'000;

// `digest`: of the request.
[[nodiscard]] Result<void> store_answer(vault::Vault& vault, const IdempotencyKeys::Name& name,
                                        const codec::Digest& digest, const IdempotencyKeys::Kept& answer);
// None: none is kept, or it is too old. `conflict` "http.idempotency_key_reused" where it was to another request.
[[nodiscard]] Result<std::optional<IdempotencyKeys::Kept>> stored_answer(vault::Vault& vault,
                                                                         const IdempotencyKeys::Name& name,
                                                                         const codec::Digest& digest);

}  // namespace atl::rest
