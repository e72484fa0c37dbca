import type { SecretFormat } from './format.js';

/** Payments, messages, shops, marketing and wallets. */
export const businessFormats: readonly SecretFormat[] = [
  { type: 'SEGMENT_TOKEN', starts: ['sgp_'], pattern: /sgp_[A-Za-z0-9]{60,70}(?![A-Za-z0-9])/y, entropy: 4 },
  {
    type: 'SQUARE_TOKEN',
    starts: ['EAAA', 'sq0atp-', 'sq0csp-', 'sq0idp-'],
    pattern: /(?:EAAA[A-Za-z0-9_-]{60}|sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,43})/y,
  },
  {
    type: 'PAYPAL_TOKEN',
    starts: ['access_token$production$', 'access_token$sandbox$'],
    pattern: /access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}/y,
  },
  {
    type: 'PLAID_TOKEN',
    starts: ['access-production-', 'access-sandbox-', 'access-development-'],
    pattern: /access-(?:production|sandbox|development)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y,
  },
  { type: 'ADYEN_KEY', starts: ['AQE'], pattern: /AQE[a-z]hmfxK[A-Za-z0-9+/=_-]{60,200}/y },
  { type: 'RAZORPAY_KEY', starts: ['rzp_live_', 'rzp_test_'], pattern: /rzp_(?:live|test)_[A-Za-z0-9]{14,24}/y },
  {
    type: 'FLUTTERWAVE_KEY',
    starts: ['FLWSECK', 'FLWPUBK'],
    pattern: /FLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,40}-X/y,
  },
  { type: 'PAYSTACK_KEY', starts: ['sk_live_', 'sk_test_'], pattern: /sk_(?:live|test)_[0-9a-f]{40}/y },
  {
    type: 'MOLLIE_KEY',
    starts: ['live_', 'test_'],
    pattern: /(?:live|test)_[A-Za-z0-9]{30,35}(?![A-Za-z0-9])/y,
    entropy: 3.8,
  },
  {
    type: 'GOCARDLESS_TOKEN',
    starts: ['live_', 'sandbox_'],
    pattern: /(?:live|sandbox)_[A-Za-z0-9_=-]{40}(?![A-Za-z0-9])/y,
    entropy: 3.8,
  },
  {
    type: 'COINBASE_KEY',
    starts: ['coinbase', 'COINBASE'],
    pattern: /(?:coinbase|COINBASE)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9_-]{64}(?![A-Za-z0-9_-])/y,
  },
  {
    type: 'DUFFEL_TOKEN',
    starts: ['duffel_live_', 'duffel_test_'],
    pattern: /duffel_(?:live|test)_[A-Za-z0-9_=-]{43}/y,
  },
  { type: 'EASYPOST_KEY', starts: ['EZAK', 'EZTK'], pattern: /EZ[AT]K[A-Za-z0-9]{54}/y },
  { type: 'SHIPPO_TOKEN', starts: ['shippo_live_', 'shippo_test_'], pattern: /shippo_(?:live|test)_[0-9a-f]{40}/y },
  { type: 'LOB_KEY', starts: ['live_', 'test_'], pattern: /(?:live|test)_[0-9a-f]{35}(?![0-9A-Za-z])/y },
  {
    type: 'SHOPIFY_TOKEN',
    starts: ['shpat_', 'shpca_', 'shppa_', 'shpss_', 'shptka_'],
    pattern: /shp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{32}/y,
  },
  { type: 'TWILIO_ACCOUNT', starts: ['AC'], pattern: /AC[0-9a-f]{32}(?![0-9a-zA-Z])/y, score: 700 },
  {
    type: 'TWILIO_AUTH_TOKEN',
    starts: ['twilio', 'TWILIO'],
    pattern: /(?:twilio|TWILIO)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{32}(?![0-9a-f])/y,
  },
  {
    type: 'MAILGUN_KEY',
    starts: ['key-', 'pubkey-', 'mailgun', 'MAILGUN'],
    pattern:
      /(?:(?:pub)?key-[0-9a-f]{32}(?![0-9A-Za-z])|(?:mailgun|MAILGUN)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})/y,
  },
  { type: 'MAILCHIMP_KEY', starts: ['md-'], pattern: /md-[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])/y },
  {
    type: 'BREVO_KEY',
    starts: ['xkeysib-', 'xsmtpsib-'],
    pattern: /x(?:keysib|smtpsib)-[0-9a-f]{64}-[A-Za-z0-9]{16}/y,
  },
  {
    type: 'POSTMARK_TOKEN',
    starts: ['postmark', 'POSTMARK', 'X-Postmark'],
    pattern:
      /(?:postmark|POSTMARK|X-Postmark)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y,
  },
  { type: 'KLAVIYO_KEY', starts: ['pk_'], pattern: /pk_[0-9a-f]{34}(?![0-9A-Za-z])/y },
  {
    type: 'HUBSPOT_TOKEN',
    starts: ['pat-na', 'pat-eu'],
    pattern: /pat-(?:na|eu)\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y,
  },
  { type: 'INTERCOM_TOKEN', starts: ['dG9r'], pattern: /dG9rO[A-Za-z0-9+/]{50,70}={0,2}/y },
  {
    type: 'ZENDESK_TOKEN',
    starts: ['zendesk', 'ZENDESK'],
    pattern: /(?:zendesk|ZENDESK)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9]{40}(?![A-Za-z0-9])/y,
  },
  { type: 'SALESFORCE_TOKEN', starts: ['00D'], pattern: /00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{60,130}/y },
  { type: 'TYPEFORM_TOKEN', starts: ['tfp_'], pattern: /tfp_[A-Za-z0-9_=.-]{40,64}/y },
  {
    type: 'CALENDLY_TOKEN',
    starts: ['calendly', 'CALENDLY'],
    pattern: /(?:calendly|CALENDLY)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?eyJ[A-Za-z0-9._-]{60,800}/y,
  },
  {
    type: 'TELEGRAM_BOT_TOKEN',
    starts: ['bot', '1', '2', '3', '4', '5', '6', '7', '8', '9'].flatMap((head) =>
      head === 'bot' ? ['bot'] : Array.from({ length: 10 }, (_, digit) => `${head}${digit}`),
    ),
    pattern: /(?:bot)?\d{8,10}:AA[A-Za-z0-9_-]{32,33}(?![A-Za-z0-9_-])/y,
  },
  {
    type: 'DISCORD_BOT_TOKEN',
    starts: [
      'MT',
      'NT',
      'OT',
      'ND',
      'MD',
      'NZ',
      'NY',
      'OD',
      'MZ',
      'Nz',
      'Nj',
      'Mz',
      'Mj',
      'OD',
      'Nj',
      'NT',
      'OT',
      'mfa.',
    ],
    pattern: /(?:[MNO][A-Za-z0-9]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}|mfa\.[A-Za-z0-9_-]{84})/y,
  },
  {
    type: 'DISCORD_WEBHOOK',
    starts: ['discord.com/api/webhooks', 'discordapp.com/api/webhooks'],
    pattern: /discord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/[A-Za-z0-9_-]{60,80}/y,
  },
  {
    type: 'TEAMS_WEBHOOK',
    starts: ['webhook.office.com'],
    pattern: /webhook\.office\.com\/webhookb2\/[0-9a-f@-]{60,90}\/IncomingWebhook\/[0-9a-f]{32}\/[0-9a-f-]{36}/y,
  },
  {
    type: 'ZAPIER_WEBHOOK',
    starts: ['hooks.zapier.com'],
    pattern: /hooks\.zapier\.com\/hooks\/catch\/\d{4,12}\/[A-Za-z0-9]{5,12}/y,
  },
  { type: 'FACEBOOK_TOKEN', starts: ['EAA'], pattern: /EAA(?:CEdEose0cBA)?[A-Za-z0-9]{60,300}/y },
  { type: 'INSTAGRAM_TOKEN', starts: ['IGQV', 'IGAA'], pattern: /IG(?:QV|AA)[A-Za-z0-9_-]{60,250}/y },
  { type: 'TWITTER_BEARER', starts: ['AAAAAAAAA'], pattern: /A{9,22}[A-Za-z0-9%]{60,120}/y },
  { type: 'LINKEDIN_SECRET', starts: ['WPL_AP'], pattern: /WPL_AP\d\.[A-Za-z0-9]{16}\.[A-Za-z0-9+/=]{6,12}/y },
  {
    type: 'MAPBOX_TOKEN',
    starts: ['sk.eyJ', 'tk.eyJ'],
    pattern: /[st]k\.eyJ[A-Za-z0-9_-]{60,150}\.[A-Za-z0-9_-]{20,24}/y,
  },
  { type: 'DROPBOX_TOKEN', starts: ['sl.'], pattern: /sl\.(?:u\.)?[A-Za-z0-9_-]{120,1400}/y },
  { type: 'ADOBE_SECRET', starts: ['p8e-', 'p8e'], pattern: /p8e-[A-Za-z0-9_-]{32}/y },
  {
    type: 'OKTA_TOKEN',
    starts: ['00', 'SSWS '],
    pattern: /(?:SSWS )?00[A-Za-z0-9_-]{40}(?![A-Za-z0-9_-])/y,
    cues: ['okta', 'ssws'],
    entropy: 4,
  },
  {
    type: 'AUTH0_SECRET',
    starts: ['auth0', 'AUTH0'],
    pattern: /(?:auth0|AUTH0)[\w. -]{0,24}(?:secret|SECRET)["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9_-]{48,68}/y,
  },
  {
    type: 'WORKOS_KEY',
    starts: ['sk_live_', 'sk_test_', 'sk_'],
    pattern: /sk_(?:live_|test_)?[A-Za-z0-9]{40,100}(?![A-Za-z0-9])/y,
    entropy: 4,
  },
  { type: 'FRAMEIO_TOKEN', starts: ['fio-u-'], pattern: /fio-u-[A-Za-z0-9_=-]{64}/y },
  {
    type: 'PERSONA_KEY',
    starts: ['persona_production_', 'persona_sandbox_'],
    pattern: /persona_(?:production|sandbox)_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y,
  },
  {
    type: 'SENDBIRD_TOKEN',
    starts: ['sendbird', 'SENDBIRD'],
    pattern: /(?:sendbird|SENDBIRD)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{40}(?![0-9a-f])/y,
  },
  {
    type: 'MESSAGEBIRD_KEY',
    starts: ['messagebird', 'MESSAGEBIRD'],
    pattern: /(?:messagebird|MESSAGEBIRD)[\w. -]{0,20}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9]{25}(?![A-Za-z0-9])/y,
  },
  {
    type: 'VONAGE_SECRET',
    starts: ['nexmo', 'NEXMO', 'vonage', 'VONAGE'],
    pattern:
      /(?:nexmo|NEXMO|vonage|VONAGE)[\w. -]{0,20}(?:secret|SECRET)["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9]{16}(?![A-Za-z0-9])/y,
  },
  {
    type: 'ETHEREUM_PRIVATE_KEY',
    starts: ['0x'],
    pattern: /0x[0-9a-fA-F]{64}(?![0-9a-fA-F])/y,
    cues: ['private', 'private key', 'wallet', 'secret', 'mnemonic', 'privatekey'],
  },
  {
    type: 'WIF_PRIVATE_KEY',
    starts: ['5H', '5J', '5K', 'Kw', 'Kx', 'Ky', 'Kz', 'L1', 'L2', 'L3', 'L4', 'L5'],
    pattern: /(?:5[HJK][1-9A-HJ-NP-Za-km-z]{49}|[KL][1-9A-HJ-NP-Za-km-z]{51})(?![1-9A-Za-z])/y,
    entropy: 4,
  },
  {
    type: 'EXTENDED_PRIVATE_KEY',
    starts: ['xprv', 'yprv', 'zprv', 'tprv'],
    pattern: /[xyzt]prv[1-9A-HJ-NP-Za-km-z]{107,108}/y,
  },
  {
    type: 'SHADOW_HASH',
    starts: ['2a$', '2b$', '2y$', '6$', '5$', 'y$', 'argon2'],
    pattern:
      /(?:2[aby]\$\d\d\$[./A-Za-z0-9]{53}|[56]\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{4,16}\$[./A-Za-z0-9]{43,86}|y\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{4,40}\$[./A-Za-z0-9]{43}|argon2(?:id|i|d)\$v=\d{1,3}\$[a-z0-9,=]{5,60}\$[A-Za-z0-9+/]{8,64}\$[A-Za-z0-9+/]{16,120})/y,
    score: 850,
  },
  {
    type: 'PUTTY_PRIVATE_KEY',
    starts: ['PuTTY-User-Key-File-'],
    pattern: /PuTTY-User-Key-File-\d: [\s\S]{40,6000}?Private-MAC: [0-9a-f]{40,64}/y,
  },
  {
    type: 'FACEBOOK_APP_SECRET',
    starts: ['facebook', 'FACEBOOK', 'fb_'],
    pattern:
      /(?:facebook|FACEBOOK|fb_)[\w. -]{0,20}(?:secret|SECRET)["']?\s{0,3}[:=]\s{0,3}["']?[0-9a-f]{32}(?![0-9a-f])/y,
  },
  {
    type: 'TWITTER_SECRET',
    starts: ['twitter', 'TWITTER'],
    pattern: /(?:twitter|TWITTER)[\w. -]{0,24}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9-]{35,52}(?![A-Za-z0-9-])/y,
    entropy: 3.8,
  },
  {
    type: 'RAPIDAPI_KEY',
    starts: ['X-RapidAPI-Key', 'x-rapidapi-key', 'RAPIDAPI', 'rapidapi'],
    pattern:
      /(?:X-RapidAPI-Key|x-rapidapi-key|RAPIDAPI|rapidapi)[\w. -]{0,12}["']?\s{0,3}[:=]\s{0,3}["']?[A-Za-z0-9]{50}(?![A-Za-z0-9])/y,
  },
];
