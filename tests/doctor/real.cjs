const { GoogleAuth, Compute, UserRefreshClient } = require("google-auth-library");

async function observe() {
  const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/bigquery" });
  const client = await auth.getClient();
  const answer = await client.request({
    url: "https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries",
    method: "POST",
    data: { query: "SELECT SESSION_USER() AS who", useLegacySql: false },
  });
  const kind = client instanceof Compute ? "vm_service_account"
    : client instanceof UserRefreshClient ? "person" : "service_account";
  return { identity: kind, account: answer.data.rows[0].f[0].v };
}

observe()
  .catch((error) => ({ identity: "error", error: String(error).slice(0, 200) }))
  .then((result) => console.log("\n" + JSON.stringify([{ name: "node", ...result }])));
