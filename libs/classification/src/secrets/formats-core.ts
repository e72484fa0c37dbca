import type { SecretFormat } from './format.js';

/** The formats seen most in the field. */
export const coreFormats: readonly SecretFormat[] = [
  {
    type: 'AWS_ACCESS_KEY',
    starts: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    pattern: /A(?:KI|SI|BI|CC)A[A-Z2-7]{16}(?![A-Za-z0-9])/y,
  },
  {
    type: 'GITHUB_TOKEN',
    starts: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    pattern: /gh[pousr]_[A-Za-z0-9]{36,251}(?![A-Za-z0-9])/y,
  },
  {
    type: 'GITHUB_FINE_GRAINED_TOKEN',
    starts: ['github_pat_'],
    pattern: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/y,
  },
  {
    type: 'GITLAB_TOKEN',
    starts: ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glft-', 'glsoat-', 'glcbt-', 'glimt-', 'glagent-', 'gloas-'],
    pattern: /gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent|oas)-[A-Za-z0-9_.-]{20,300}/y,
  },
  { type: 'GITLAB_TOKEN', starts: ['GR1348941'], pattern: /GR1348941[A-Za-z0-9_-]{20,60}/y },
  {
    type: 'TWITTER_BEARER_TOKEN',
    starts: ['AAAAAAAAAAAAAAAAAAAAA'],
    pattern: /A{21,24}[A-Za-z0-9]{4,12}A{0,8}[A-Za-z0-9%+/]{40,120}/y,
    entropy: 4,
  },
  {
    type: 'SLACK_TOKEN',
    starts: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xoxc-', 'xoxd-', 'xapp-'],
    pattern:
      /(?:xox[abpcrs]-(?:\d-)?[A-Za-z0-9-]{10,250}|xoxd-[A-Za-z0-9%+/=-]{20,300}|xoxe(?:\.xox[bp])?-\d-[A-Za-z0-9]{30,250}|xapp-\d-[A-Z0-9]{8,15}-\d{8,15}-[a-z0-9]{30,80})/y,
  },
  {
    type: 'SLACK_WEBHOOK',
    starts: ['hooks.slack.com'],
    pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9+/]{30,80}/y,
  },
  {
    type: 'OPENAI_KEY',
    starts: ['sk-'],
    pattern:
      /sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,250}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{40,64}(?![A-Za-z0-9]))/y,
    entropy: 3.2,
  },
  { type: 'ANTHROPIC_KEY', starts: ['sk-ant-'], pattern: /sk-ant-(?:api|admin|oat|sid)\d\d-[A-Za-z0-9_-]{20,140}/y },
  { type: 'GOOGLE_API_KEY', starts: ['AIza'], pattern: /AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/y },
  { type: 'GOOGLE_OAUTH_SECRET', starts: ['GOCSPX-'], pattern: /GOCSPX-[A-Za-z0-9_-]{28}/y },
  { type: 'GOOGLE_OAUTH_TOKEN', starts: ['ya29.'], pattern: /ya29\.[A-Za-z0-9_-]{20,300}/y },
  {
    type: 'STRIPE_KEY',
    starts: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'],
    pattern: /(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/]{24,100})/y,
  },
  { type: 'SENDGRID_KEY', starts: ['SG.'], pattern: /SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}/y },
  { type: 'TWILIO_KEY', starts: ['SK', 'AC'], pattern: /SK[0-9a-f]{32}(?![0-9a-zA-Z])/y },
  { type: 'NPM_TOKEN', starts: ['npm_'], pattern: /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y },
  { type: 'PYPI_TOKEN', starts: ['pypi-'], pattern: /pypi-AgE[A-Za-z0-9_-]{50,250}/y },
  {
    type: 'HUGGINGFACE_TOKEN',
    starts: ['hf_', 'api_org_'],
    pattern: /(?:hf_|api_org_)[A-Za-z]{34,40}(?![A-Za-z0-9])/y,
  },
];
