// Where rows and schemas come from: each file of handlers gives its own.
// A new group: two functions here, their lines in operations.cc, and the handlers in files of their own.
#pragma once

#include "edge/rest/operation.h"
#include "edge/rest/schema.h"

namespace atl::rest {

[[nodiscard]] std::vector<Operation> vault_operations();
[[nodiscard]] std::vector<NamedSchema> vault_schemas();
[[nodiscard]] std::vector<Operation> bucket_operations();
[[nodiscard]] std::vector<NamedSchema> bucket_schemas();
[[nodiscard]] std::vector<Operation> object_operations();
[[nodiscard]] std::vector<NamedSchema> object_schemas();
[[nodiscard]] std::vector<schema::Member> object_members();  // of the schema "Object"
[[nodiscard]] std::vector<Operation> label_operations();
[[nodiscard]] std::vector<NamedSchema> label_schemas();
[[nodiscard]] std::vector<Operation> version_word_operations();
[[nodiscard]] std::vector<NamedSchema> version_word_schemas();
[[nodiscard]] std::vector<Operation> history_operations();
[[nodiscard]] std::vector<NamedSchema> history_schemas();
[[nodiscard]] std::vector<Operation> snapshot_operations();
[[nodiscard]] std::vector<NamedSchema> snapshot_schemas();
[[nodiscard]] std::vector<Operation> rewind_operations();
[[nodiscard]] std::vector<NamedSchema> rewind_schemas();
[[nodiscard]] std::vector<Operation> search_operations();
[[nodiscard]] std::vector<NamedSchema> search_schemas();
[[nodiscard]] std::vector<Operation> duplicate_operations();
[[nodiscard]] std::vector<NamedSchema> duplicate_schemas();
[[nodiscard]] std::vector<Operation> quarantine_operations();
[[nodiscard]] std::vector<NamedSchema> quarantine_schemas();
[[nodiscard]] std::vector<Operation> question_operations();
[[nodiscard]] std::vector<NamedSchema> question_schemas();
[[nodiscard]] std::vector<Operation> understood_operations();
[[nodiscard]] std::vector<NamedSchema> understood_schemas();
[[nodiscard]] std::vector<Operation> embedder_operations();
[[nodiscard]] std::vector<Operation> own_vector_operations();
[[nodiscard]] std::vector<NamedSchema> own_vector_schemas();
[[nodiscard]] std::vector<NamedSchema> embedder_schemas();

[[nodiscard]] std::vector<Operation> preview_operations();
[[nodiscard]] std::vector<Operation> archive_operations();
[[nodiscard]] std::vector<Operation> unpack_operations();
[[nodiscard]] std::vector<NamedSchema> unpack_schemas();
[[nodiscard]] std::vector<Operation> upload_operations();
[[nodiscard]] std::vector<Operation> change_operations();
[[nodiscard]] std::vector<NamedSchema> change_schemas();

[[nodiscard]] std::vector<Operation> session_operations();
[[nodiscard]] std::vector<NamedSchema> session_schemas();
[[nodiscard]] std::vector<Operation> people_operations();
[[nodiscard]] std::vector<NamedSchema> people_schemas();
[[nodiscard]] std::vector<Operation> right_operations();
[[nodiscard]] std::vector<NamedSchema> right_schemas();
[[nodiscard]] std::vector<Operation> secret_operations();
[[nodiscard]] std::vector<NamedSchema> secret_schemas();
[[nodiscard]] std::vector<Operation> shared_operations();
[[nodiscard]] std::vector<NamedSchema> shared_schemas();
[[nodiscard]] std::vector<Operation> audit_operations();
[[nodiscard]] std::vector<NamedSchema> audit_schemas();
[[nodiscard]] std::vector<Operation> upkeep_operations();
[[nodiscard]] std::vector<NamedSchema> upkeep_schemas();
[[nodiscard]] std::vector<Operation> check_operations();
[[nodiscard]] std::vector<NamedSchema> check_schemas();
[[nodiscard]] std::vector<Operation> kit_operations();
[[nodiscard]] std::vector<NamedSchema> kit_schemas();
[[nodiscard]] std::vector<Operation> copy_operations();
[[nodiscard]] std::vector<NamedSchema> copy_schemas();
[[nodiscard]] std::vector<Operation> schedule_operations();
[[nodiscard]] std::vector<NamedSchema> schedule_schemas();
[[nodiscard]] std::vector<Operation> job_operations();
[[nodiscard]] std::vector<NamedSchema> job_schemas();
[[nodiscard]] std::vector<Operation> server_operations();
[[nodiscard]] std::vector<NamedSchema> server_schemas();
[[nodiscard]] std::vector<Operation> health_operations();
[[nodiscard]] std::vector<NamedSchema> health_schemas();

}  // namespace atl::rest
