#pragma once

#include "compiler/driver/pipeline.h"
#include "tools/fedc/command_line.h"
#include "tools/fedc/console.h"

namespace fedc::cli {

/// `fedc run`: compiles the program, runs its rounds, prints progress and results. Gives the exit code, as all of these do.
int runCommand(const CommandLine& line, const Console& console);
/// `fedc resume`: goes on with a run's directory behind its last checkpoint.
int resumeCommand(const CommandLine& line, const Console& console);
/// `fedc replay`: runs a client of a run's round again, and shows what the program names.
int replayCommand(const CommandLine& line, const Console& console);
/// `fedc check`: reports the errors of each file, and how its data differs from what it declares.
int checkCommand(const CommandLine& line, const Console& console);
/// `fedc cost`: what an exchange sends and computes, as formulas and, with data, as numbers.
int costCommand(const CommandLine& line, const Console& console);
/// `fedc test`: runs the `test` blocks of files, a file in a process of its own.
int testCommand(const CommandLine& line, const Console& console);
/// `fedc emit`: prints a stage of the pipeline.
int emitCommand(const CommandLine& line, const Console& console);
/// `fedc explain`: prints the explanation of an error code.
int explainCommand(const CommandLine& line, const Console& console);
/// `fedc data info`: what a file of federated data holds, as the `struct` to paste.
int dataInfoCommand(const CommandLine& line, const Console& console);
/// `fedc doctor`: processor, memory, libraries, standard library; fails where something that fedc needs is missing.
int doctorCommand(const CommandLine& line, const Console& console);
/// `fedc fmt`: lays files out in the canonical way; with `--check` it only says which would change.
int fmtCommand(const CommandLine& line, const Console& console);
/// `fedc doc`: signature and text of what programs can use.
int docCommand(const CommandLine& line, const Console& console);
/// `fedc doc --man`: the manual page, in roff.
std::string manualPage();
/// `fedc new`: a folder with a program, data for it and what to try next.
int newCommand(const CommandLine& line, const Console& console);
/// `fedc completion`: a script that completes command lines in a shell.
int completionCommand(const CommandLine& line, const Console& console);

/// The command line's part of how a program is compiled. What `--print-after` asks for goes to `out`.
driver::CompileOptions compileOptions(const CommandLine& line, std::FILE* out);

/// False, with a report, if `--print-after` names no pass.
bool knowsPass(const CommandLine& line, const Console& console);

/// Reads and checks a file, then lowers it unless `onlyCheck`, before that its tests if `tests`; everything that was found is reported. False if
/// there was an error.
bool compileFile(driver::Compilation& compilation, const std::string& path, const driver::CompileOptions& options, bool onlyCheck,
                 const Console& console, bool tests = false);

}  // namespace fedc::cli
