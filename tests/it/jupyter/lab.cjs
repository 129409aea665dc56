// Uses JupyterLab as a user does: clicks, types, and looks at what is shown. Prints what it saw as JSON.
//
// lab.cjs CHROMIUM ADDRESS PROFILE-FOLDER SCREENSHOT
//
// The notebook at ADDRESS has these cells: print the credential's path, sign in, (empty), install the kernel,
// print the path again (twice), load the magic, ask BigQuery.
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
  viewport: { width: 1280, height: 1500 },
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

async function story(context) {
  const page = context.pages()[0];
  const seen = {};
  await page.goto(address);
  const notebook = new Notebook(page);
  await notebook.isIdle();
  seen.before = await notebook.run(0);

  const login = await notebook.run(1);
  const snippet = login.split("\n").filter((line) => /^(import subprocess|subprocess\.run)/.test(line.trim()));
  const pasted = await signIn(context, notebook, 1);
  await notebook.type(2, snippet.join("\n"));
  await notebook.begin(2);
  const question = notebook.cell(2).locator("input.jp-Stdin-input");
  seen.hidden = (await question.getAttribute("type")) === "password";
  await question.fill(pasted);
  await question.press("Enter");
  // this may be shown after the cell has ended
  await notebook.cell(2).getByText("signed in as").waitFor();
  seen.login = await notebook.end(2);

  seen.install = await notebook.run(3);
  await notebook.restart();
  seen.restarted = await notebook.run(4);
  await notebook.shutDownAndRestart();
  seen.started = await notebook.run(5);
  await notebook.run(6);
  seen.answer = await notebook.run(7);
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
