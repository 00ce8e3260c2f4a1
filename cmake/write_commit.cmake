# Writes OUTPUT, which defines edge/serve/commit.h: from which commit of SOURCE the program is built, "unknown" without a
# repository of its own (a tarball, a package's source). Run at each build; the file changes only where the commit does, so
# nothing else is compiled anew.
function(ask_git out)
  execute_process(
    COMMAND git -C ${SOURCE} ${ARGN}
    OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    set(answer none)
  endif()
  set(${out} "${answer}" PARENT_SCOPE)
endfunction()

ask_git(below rev-parse --show-prefix)  # "" where SOURCE is the repository, and does not only lie in somebody's
ask_git(commit rev-parse --short=12 HEAD)
if(NOT "${below}" STREQUAL "" OR NOT commit MATCHES "^[0-9a-f]+$")
  set(commit unknown)
endif()
set(text "#include \"edge/serve/commit.h\"\n\nstd::string_view atl::serve::build_commit() { return \"${commit}\"; }\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
