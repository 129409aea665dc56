// A Node.js with the library loaded, which runs one environment after the other: a line of JSON in, a line of
// JSON out. The argument is the folder of the modules. It can't fork as Python and R can, so modules with state
// are loaded again for each request.
const { createInterface } = require("readline");
const library = require("module").createRequire(process.argv[1] + "/x");

async function observe() {
  const { GoogleAuth, Compute, UserRefreshClient } = library("google-auth-library");
  const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/bigquery" });
  const client = await auth.getClient();
  const answer = await client.request({
    url: "https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries",
    method: "POST",
    data: { query: "SELECT SESSION_USER() AS who", useLegacySql: false },
  });
  const isFederated = ["external_account", "external_account_authorized_user"]
    .includes((auth.jsonContent || {}).type);
  if (isFederated) return { identity: "federated" };
  const kind = client instanceof Compute ? "vm_service_account"
    : client instanceof UserRefreshClient ? "user" : "service_account";
  return { identity: kind, account: answer.data.rows[0].f[0].v };
}

function enter({ env, folder }) {
  process.chdir(folder);
  Object.keys(process.env).forEach((name) => delete process.env[name]);
  // it reads NODE_EXTRA_CA_CERTS once, when it starts
  Object.assign(process.env, env, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  Object.keys(require.cache)
    .filter((file) => /google-auth-library|gcp-metadata/.test(file))
    .forEach((file) => delete require.cache[file]);
}

(async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    enter(JSON.parse(line));
    const result = await observe()
      .catch((error) => ({ identity: "error", error: String(error).slice(0, 200) }));
    console.log(JSON.stringify([{ name: "node", ...result }]));
  }
})();
