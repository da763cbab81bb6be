# Writes a C++ source that holds the files of a folder as texts:  cmake -D OUT=… -D FOLDER=… -D PREFIX=… -P embed_texts.cmake
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*.fed)
list(SORT files)
set(rows "")
foreach(file ${files})
  file(READ ${FOLDER}/${file} text)
  string(APPEND rows "      {\"${PREFIX}/${file}\", R\"fed(${text})fed\"},\n")
endforeach()
file(WRITE ${OUT} "// Made by cmake/embed_texts.cmake.
#include \"embed/library_texts.h\"

namespace fedc::embed {

std::vector<std::pair<std::string, std::string>> libraryTexts() {
  return {
${rows}  };
}

}  // namespace fedc::embed
")
