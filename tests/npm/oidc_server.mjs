// A certified OpenID provider that knows one native client, and one user who is always signed in.
//
//   node oidc_server.mjs NODE_MODULES [deny] [rotate]
//
// Prints its address when it is ready. `deny`: the user refuses. `rotate`: each refresh token can be
// used once.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, ...manners] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(join(modules, 'oidc-provider/lib/index.js')));

const bigquery = 'https://www.googleapis.com/auth/bigquery';
const account = { accountId: 'ada', claims: () => ({ sub: 'ada', email: 'ada@example.com', email_verified: true }) };

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'bqcred-test',
    client_secret: 'canary-oidc-secret',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  scopes: ['openid', 'email', 'offline_access', bigquery],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  pkce: { required: () => true },
  rotateRefreshToken: manners.includes('rotate'),
  findAccount: () => account,
  interactions: { url: (_, { uid }) => `/person/${uid}` },
  cookies: { keys: ['of one run'] },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 86400 },
});

// The user's part of the sign-in: nothing to type or click.
async function person(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (manners.includes('deny')) {
    return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'No.' });
  }
  const grant = new provider.Grant({ accountId: account.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const grantId = await grant.save();
  return provider.interactionFinished(request, response, { login: { accountId: account.accountId }, consent: { grantId } });
}

const answer = provider.callback();
server.on('request', (request, response) =>
  request.url.startsWith('/person/')
    ? person(request, response).catch((problem) => response.writeHead(500).end(String(problem)))
    : answer(request, response));
console.log(issuer);
