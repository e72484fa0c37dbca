import type { SecretFormat } from './format.js';

/** Clouds, hosting, networks and data stores. */
export const cloudFormats: readonly SecretFormat[] = [
  {
    type: 'AWS_SESSION_TOKEN',
    starts: ['IQoJb3JpZ2lu', 'FwoGZXIvYXdz', 'FQoGZXIvYXdz'],
    pattern: /[IF](?:QoJb3JpZ2lu|woGZXIvYXdz|QoGZXIvYXdz)[A-Za-z0-9+/=]{80,2000}/y,
  },
  {
    type: 'AWS_MWS_KEY',
    starts: ['amzn.mws.'],
    pattern: /amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y,
  },
  {
    type: 'AWS_BEDROCK_KEY',
    starts: ['ABSK', 'bedrock-api-key-'],
    pattern: /(?:ABSK[A-Za-z0-9+/]{80,300}={0,2}|bedrock-api-key-[A-Za-z0-9+/=]{20,2000})/y,
  },
  { type: 'AWS_COGNITO_SECRET', starts: ['amzn1.oa2-cs.v1.'], pattern: /amzn1\.oa2-cs\.v1\.[0-9a-f]{64}/y },
  { type: 'AZURE_STORAGE_KEY', starts: ['AccountKey='], pattern: /AccountKey=[A-Za-z0-9+/]{86}==/y },
  {
    type: 'AZURE_SERVICE_BUS_KEY',
    starts: ['SharedAccessKey='],
    pattern: /SharedAccessKey=[A-Za-z0-9+/]{42,44}={0,2}/y,
  },
  { type: 'AZURE_SAS_TOKEN', starts: ['sig='], pattern: /sig=[A-Za-z0-9%+/]{43,65}(?:=|%3[dD])/y },
  {
    type: 'AZURE_OPENAI_KEY',
    starts: ['api-key'],
    pattern: /api-key["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{32}(?![0-9a-f])/y,
  },
  { type: 'AZURE_DEVOPS_TOKEN', starts: ['AZDO'], pattern: /AZDO[A-Za-z0-9]{40,90}/y },
  {
    type: 'GOOGLE_SERVICE_ACCOUNT_KEY',
    starts: ['private_key_id'],
    pattern: /private_key_id["']\s{0,3}:\s{0,3}["'][0-9a-f]{40}["']/y,
  },
  { type: 'GOOGLE_OAUTH_REFRESH_TOKEN', starts: ['1//0'], pattern: /1\/\/0[A-Za-z0-9_-]{30,120}/y },
  { type: 'GOOGLE_RECAPTCHA_KEY', starts: ['6L'], pattern: /6L[A-Za-z0-9_-]{6}AAAAA[A-Za-z0-9_-]{27}/y, score: 700 },
  { type: 'FIREBASE_MESSAGING_KEY', starts: ['AAAA'], pattern: /AAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{130,140}/y },
  { type: 'DIGITALOCEAN_TOKEN', starts: ['dop_v1_', 'doo_v1_', 'dor_v1_'], pattern: /do[opr]_v1_[0-9a-f]{64}/y },
  { type: 'HEROKU_KEY', starts: ['HRKU-'], pattern: /HRKU-[A-Za-z0-9_-]{36,60}/y },
  { type: 'LINODE_TOKEN', starts: ['linode'], pattern: /linode[\w. -]{0,12}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{64}/y },
  {
    type: 'VULTR_KEY',
    starts: ['vultr', 'VULTR'],
    pattern: /(?:vultr|VULTR)[\w. -]{0,16}["']?\s{0,3}[:=]\s{0,3}["']?[A-Z0-9]{36}(?![A-Za-z0-9])/y,
  },
  { type: 'SCALEWAY_KEY', starts: ['SCW'], pattern: /SCW[A-Z0-9]{17}(?![A-Za-z0-9])/y },
  {
    type: 'OVH_KEY',
    starts: ['ovh', 'OVH'],
    pattern: /(?:ovh|OVH)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9]{32}(?![A-Za-z0-9])/y,
  },
  { type: 'ALIBABA_ACCESS_KEY', starts: ['LTAI'], pattern: /LTAI[A-Za-z0-9]{12,20}(?![A-Za-z0-9])/y },
  { type: 'TENCENT_SECRET_ID', starts: ['AKID'], pattern: /AKID[A-Za-z0-9]{32,44}(?![A-Za-z0-9])/y },
  {
    type: 'IBM_CLOUD_KEY',
    starts: ['ibm', 'IBM', 'bluemix'],
    pattern: /(?:ibm|IBM|bluemix)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9_-]{44}(?![A-Za-z0-9_-])/y,
  },
  {
    type: 'YANDEX_CLOUD_TOKEN',
    starts: ['t1.', 'AQVN', 'YCAJ', 'y0_'],
    pattern:
      /(?:t1\.[A-Z0-9a-z_-]{10,200}[=]{0,2}\.[A-Z0-9a-z_-]{86}=?|AQVN[A-Za-z0-9_-]{35,38}|YCAJ[A-Za-z0-9_-]{21}|y0_[A-Za-z0-9_-]{50,60})/y,
  },
  {
    type: 'CLOUDFLARE_TOKEN',
    starts: ['v1.0-', 'cloudflare', 'CLOUDFLARE', 'CF_API'],
    pattern:
      /(?:v1\.0-[0-9a-f]{24}-[0-9a-f]{100,150}|(?:cloudflare|CLOUDFLARE|CF_API)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9_-]{37,40}(?![A-Za-z0-9_-]))/y,
  },
  {
    type: 'FASTLY_TOKEN',
    starts: ['fastly', 'FASTLY'],
    pattern: /(?:fastly|FASTLY)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])/y,
  },
  {
    type: 'FLY_TOKEN',
    starts: ['FlyV1 ', 'fo1_', 'fm1_', 'fm2_', 'fm1r_', 'fm1a_'],
    pattern: /(?:FlyV1 )?(?:fo1_[\w-]{43}|fm[12][ar]?_[A-Za-z0-9+/=_-]{80,800})/y,
  },
  { type: 'NETLIFY_TOKEN', starts: ['nfp_', 'nfc_', 'nfo_', 'nfu_', 'nfb_'], pattern: /nf[pcoub]_[A-Za-z0-9_-]{36}/y },
  { type: 'VERCEL_TOKEN', starts: ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'], pattern: /vc[piark]_[A-Za-z0-9]{24,60}/y },
  { type: 'RENDER_TOKEN', starts: ['rnd_'], pattern: /rnd_[A-Za-z0-9]{28,36}(?![A-Za-z0-9])/y },
  {
    type: 'RAILWAY_TOKEN',
    starts: ['railway', 'RAILWAY'],
    pattern:
      /(?:railway|RAILWAY)[\w. -]{0,16}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y,
  },
  {
    type: 'SUPABASE_KEY',
    starts: ['sbp_', 'sb_secret_'],
    pattern: /(?:sbp_(?:v0_)?[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{22,40})/y,
  },
  {
    type: 'PLANETSCALE_TOKEN',
    starts: ['pscale_tkn_', 'pscale_pw_', 'pscale_oauth_'],
    pattern: /pscale_(?:tkn|pw|oauth)_[A-Za-z0-9=._-]{32,64}/y,
  },
  { type: 'NEON_KEY', starts: ['napi_'], pattern: /napi_[A-Za-z0-9]{40,80}/y },
  { type: 'TURSO_TOKEN', starts: ['turso_'], pattern: /turso_[A-Za-z0-9_-]{30,80}/y },
  { type: 'MONGODB_ATLAS_KEY', starts: ['mdb_sa_sk_'], pattern: /mdb_sa_sk_[A-Za-z0-9_-]{40,60}/y },
  {
    type: 'UPSTASH_TOKEN',
    starts: ['UPSTASH', 'upstash'],
    pattern: /(?:UPSTASH|upstash)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9+/=_-]{36,120}/y,
  },
  {
    type: 'DATABRICKS_TOKEN',
    starts: ['dapi', 'dose', 'dkea'],
    pattern: /(?:dapi|dose|dkea)[0-9a-f]{32}(?:-\d)?(?![0-9A-Za-z])/y,
  },
  {
    type: 'SNOWFLAKE_TOKEN',
    starts: ['snowflake', 'SNOWFLAKE'],
    pattern:
      /(?:snowflake|SNOWFLAKE)[\w. -]{0,16}(?:token|TOKEN|pat|PAT)["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9._-]{40,400}/y,
  },
  { type: 'CONFLUENT_SECRET', starts: ['cflt'], pattern: /cflt[A-Za-z0-9+/]{60}/y },
  {
    type: 'HASHICORP_VAULT_TOKEN',
    starts: ['hvs.', 'hvb.', 'hvr.', 's.'],
    pattern: /(?:hv[sbr]\.[A-Za-z0-9_-]{24,300}|s\.[A-Za-z0-9]{24}(?![A-Za-z0-9]))/y,
    entropy: 3.5,
  },
  { type: 'TERRAFORM_CLOUD_TOKEN', starts: ['atlasv1'], pattern: /atlasv1\.[A-Za-z0-9_=-]{60,80}/y },
  { type: 'PULUMI_TOKEN', starts: ['pul-'], pattern: /pul-[0-9a-f]{40}/y },
  {
    type: 'DOPPLER_TOKEN',
    starts: ['dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.', 'dp.scim.', 'dp.audit.'],
    pattern: /dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}/y,
  },
  { type: 'INFISICAL_TOKEN', starts: ['st.'], pattern: /st\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32}/y },
  {
    type: 'ONEPASSWORD_TOKEN',
    starts: ['ops_eyJ', 'A3-'],
    pattern:
      /(?:ops_eyJ[A-Za-z0-9_-]{100,900}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5})/y,
  },
  {
    type: 'AGE_SECRET_KEY',
    starts: ['AGE-SECRET-KEY-1', 'AGE-SECRET-KEY-PQ-1'],
    pattern: /AGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}/y,
  },
  {
    type: 'ANSIBLE_VAULT',
    starts: ['ANSIBLE_VAULT;'],
    pattern: /ANSIBLE_VAULT;\d\.\d;AES256\s{1,4}[0-9a-f\s]{80,8000}/y,
    score: 700,
  },
  { type: 'KUBERNETES_TOKEN', starts: ['K10'], pattern: /K10[0-9a-f]{64}::[a-z]+:[A-Za-z0-9.-]{8,120}/y },
  {
    type: 'TAILSCALE_KEY',
    starts: ['tskey-'],
    pattern: /tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{20,48}/y,
  },
  {
    type: 'NGROK_TOKEN',
    starts: ['ngrok', 'NGROK'],
    pattern: /(?:ngrok|NGROK)[\w. -]{0,16}["']?\s{0,3}[:= ]\s{0,3}["']?[A-Za-z0-9]{26,28}_[A-Za-z0-9]{18,24}/y,
  },
  { type: 'TELEPORT_TOKEN', starts: ['tbot-'], pattern: /tbot-[A-Za-z0-9_-]{30,80}/y },
  {
    type: 'SENTRY_TOKEN',
    starts: ['sntrys_', 'sntryu_', 'sntrya_'],
    pattern: /sntry(?:s_eyJ[A-Za-z0-9+/=_-]{60,400}|[ua]_[0-9a-f]{64})/y,
  },
  {
    type: 'DATADOG_KEY',
    starts: ['datadog', 'DATADOG', 'DD_API', 'DD_APP', 'dd-api', 'ddapi'],
    pattern:
      /(?:datadog|DATADOG|DD_API|DD_APP|dd-api|ddapi)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{32}(?:[0-9a-f]{8})?(?![0-9a-f])/y,
  },
  {
    type: 'NEW_RELIC_KEY',
    starts: ['NRAK-', 'NRJS-', 'NRII-', 'NRAA-', 'NRRA-', 'NRSP-'],
    pattern: /NR(?:AK|JS|II|AA|RA|SP)-[A-Za-z0-9_-]{19,45}/y,
  },
  {
    type: 'NEW_RELIC_LICENSE',
    starts: ['newrelic', 'NEW_RELIC', 'new_relic'],
    pattern: /(?:newrelic|NEW_RELIC|new_relic)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{36,40}(?:NRAL)?/y,
  },
  {
    type: 'GRAFANA_TOKEN',
    starts: ['glsa_', 'glc_'],
    pattern: /(?:glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/=]{40,400})/y,
  },
  {
    type: 'DYNATRACE_TOKEN',
    starts: ['dt0c01.', 'dt0s01.', 'dt0s02.', 'dt0s16.'],
    pattern: /dt0[cs]\d\d\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}/y,
  },
  {
    type: 'HONEYCOMB_KEY',
    starts: ['hcaik_', 'hcxik_', 'hcamk_', 'hcxmk_'],
    pattern: /hc[ax][im]k_[A-Za-z0-9]{50,64}/y,
  },
  {
    type: 'SPLUNK_TOKEN',
    starts: ['Splunk '],
    pattern: /Splunk [0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}/y,
  },
  {
    type: 'PAGERDUTY_KEY',
    starts: ['pagerduty', 'PAGERDUTY', 'PD_'],
    pattern:
      /(?:pagerduty|PAGERDUTY|PD_)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?(?:u\+|y_)?[A-Za-z0-9_-]{18,32}(?![A-Za-z0-9_-])/y,
    entropy: 3,
  },
  {
    type: 'ROLLBAR_TOKEN',
    starts: ['rollbar', 'ROLLBAR'],
    pattern: /(?:rollbar|ROLLBAR)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{32}(?![0-9a-f])/y,
  },
  {
    type: 'ALGOLIA_KEY',
    starts: ['algolia', 'ALGOLIA'],
    pattern: /(?:algolia|ALGOLIA)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{32}(?![0-9a-f])/y,
  },
];
