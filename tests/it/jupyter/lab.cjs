// Uses JupyterLab as a user does: clicks, types, and looks at what is shown. Prints what it saw as JSON.
//
// lab.cjs CHROMIUM ADDRESS PROFILE-FOLDER SCREENSHOT
//
// The notebook at ADDRESS has these cells: ask BigQuery, sign in with %bqcred, ask again, %bqcred off, sign in with
// !bqcred, (empty), ask again, install the kernel, print the credential's path (twice), load %%bigquery, ask with it.
const { chromium } = require("playwright-core");

const [program, address, folder, screenshot] = process.argv.slice(2);
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // nothing but this machine's own servers
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
const options = {
  executablePath: program,
  headless: true,
  args: flags,
  chromiumSandbox: false,
  viewport: { width: 1280, height: 2400 },
};

class Notebook {
  constructor(page) {
    this.page = page;
  }

  cell(number) {
    return this.page.locator(".jp-Notebook .jp-Cell").nth(number);
  }

  // The circle shows an idle kernel even before there is one; the status bar is right.
  async isIdle() {
    await this.page.locator("#jp-main-statusbar", { hasText: /\| Idle/ }).waitFor();
    await this.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor();
  }

  async begin(number) {
    await this.cell(number).locator(".cm-content").click();
    await this.page.keyboard.press("Shift+Enter");
  }

  // The output of a cell after it has ended.
  async end(number) {
    await this.cell(number).locator(".jp-InputPrompt", { hasText: /\[\d+\]/ }).waitFor();
    await this.isIdle();
    return (await this.cell(number).locator(".jp-OutputArea-output").allInnerTexts()).join("");
  }

  async run(number) {
    await this.begin(number);
    return this.end(number);
  }

  async type(number, text) {
    await this.cell(number).locator(".cm-content").click();
    await this.page.keyboard.insertText(text);
  }

  // Clicks in the menu "Kernel", and waits until the server has done it.
  async kernel(command, method, ending, confirmed) {
    const done = this.page.waitForResponse(
      (response) => response.request().method() === method && ending.test(response.url()),
    );
    await this.page.locator(".lm-MenuBar-item", { hasText: /^Kernel$/ }).click();
    await this.page.locator(`.lm-Menu-item[data-command="${command}"]`).click();
    if (confirmed) await this.page.locator(".jp-Dialog .jp-mod-accept").click();
    await done;
  }

  async restart() {
    await this.kernel("kernelmenu:restart", "POST", /\/restart(\?|$)/, true);
    await this.isIdle();
  }

  async shutDownAndRestart() {
    await this.kernel("kernelmenu:shutdown", "DELETE", /\/api\/(kernels|sessions)\//, false);
    await this.kernel("kernelmenu:restart", "POST", /\/api\/(kernels|sessions)(\?|$)/, false);
    await this.isIdle();
  }

  async save() {
    const saved = this.page.waitForResponse(
      (response) => response.request().method() === "PUT" && response.url().includes("/api/contents/"),
    );
    await this.page.keyboard.press("Control+s");
    await saved;
  }
}

// Opens the link that a cell shows, in a tab of its own; returns the final address.
async function signIn(context, notebook, number) {
  const link = notebook.cell(number).locator(".jp-OutputArea-output a");
  const [tab] = await Promise.all([context.waitForEvent("page"), link.click()]);
  const landed = await tab.waitForEvent("requestfailed", (request) => request.isNavigationRequest());
  await tab.close();
  return landed.url();
}

// Answers the question that a cell asks, and says whether the answer is hidden.
async function answer(notebook, number, text) {
  const question = notebook.cell(number).locator("input.jp-Stdin-input");
  const hidden = (await question.getAttribute("type")) === "password";
  await question.fill(text);
  await question.press("Enter");
  return hidden;
}

// One cell: a click, a paste, and the kernel is the user's.
async function signInWithMagic(context, notebook, seen) {
  await notebook.begin(1);
  await notebook.cell(1).locator("input.jp-Stdin-input").waitFor();
  await notebook.page.screenshot({ path: screenshot.replace(".png", "-asks.png") });
  const pasted = await signIn(context, notebook, 1);
  seen.magicHidden = await answer(notebook, 1, pasted);
  await notebook.cell(1).getByText("this notebook now runs as").waitFor();
  seen.magic = await notebook.end(1);
  seen.magicAsked = await notebook.run(2);
  seen.off = await notebook.run(3);
}

// The cell that `!bqcred login` prints, as the user copies it.
function printedCell(login) {
  const lines = login.split("\n").map((line) => line.trimEnd());
  const first = lines.findIndex((line) => line.startsWith("import subprocess"));
  return lines.slice(first, lines.indexOf("", first)).join("\n");
}

async function signInWithCell(context, notebook, seen) {
  const login = await notebook.run(4);
  const pasted = await signIn(context, notebook, 4);
  await notebook.type(5, printedCell(login));
  await notebook.begin(5);
  seen.hidden = await answer(notebook, 5, pasted);
  await notebook.cell(5).getByText("this notebook now runs as").waitFor();
  seen.login = await notebook.end(5);
  seen.asked = await notebook.run(6);
}

async function story(context) {
  const page = context.pages()[0];
  const seen = {};
  await page.goto(address);
  const notebook = new Notebook(page);
  await notebook.isIdle();
  seen.before = await notebook.run(0);
  await signInWithMagic(context, notebook, seen);
  await signInWithCell(context, notebook, seen);
  await page.screenshot({ path: screenshot.replace(".png", "-signed-in.png") });

  seen.install = await notebook.run(7);
  await notebook.restart();
  seen.restarted = await notebook.run(8);
  await notebook.shutDownAndRestart();
  seen.started = await notebook.run(9);
  await notebook.run(10);
  seen.answer = await notebook.run(11);
  await notebook.save();
  return seen;
}

async function main() {
  const context = await chromium.launchPersistentContext(folder, options);
  context.setDefaultTimeout(90_000);
  try {
    console.log(JSON.stringify(await story(context)));
  } finally {
    await context.pages()[0].screenshot({ path: screenshot });
    await context.close();
  }
}

main().catch((problem) => {
  console.error(problem);
  process.exitCode = 1;
});
