"""Words for recognizing secret names: secret words, words that may accompany them, and words that make them harmless.

`tests/capture/secrets/secret_names.py` contains the names that they were made for.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Only an accompanying word of METADATA makes these harmless.
STRONG: Final[tuple[str, ...]] = (
    *("password", "passwords", "passwd", "passphrase", "passphrases", "passcode", "pwd", "pswd", "passwort", "senha"),
    *("contrasena", "contraseña", "kennwort", "wachtwoord", "пароль", "密码", "mot_de_passe", "require_pass", "pw"),
    *("heslo", "haslo", "hasło", "parola", "salasana", "lösenord", "losenord", "adgangskode", "passord", "jelszo"),
    *("jelszó", "パスワード", "비밀번호", "口令", "κωδικός", "סיסמה"),
    *("snmp_community", "laravel_session", "play_session", "ci_session", "aspxauth"),
    *("amz_signature", "goog_signature", "hub_signature", "pin_number", "one_time_code"),
    *("rapidapi_key", "fastly_key", "cohere_key", "groq_key", "gemini_key", "mistral_key", "encrypt_key"),
    *("decrypt_key", "wep_key", "wpa_key", "wifi_key", "network_key"),
    *("secret", "secrets", "credential", "credentials", "creds", "passkey", "psk", "pre_shared_key", "sshpass"),
    *("access_tokens", "refresh_tokens", "auth_tokens", "api_tokens", "bearer_tokens", "session_tokens"),
    *(
        "authorization",
        "auth_user_info",
        "session_id",
        "sessionids",
        "session_key",
        "sess_id",
        "php_sess_id",
        "connect_sid",
        "jwts",
    ),
    *(
        "api_key",
        "api_keys",
        "access_key",
        "access_keys",
        "access_key_id",
        "private_key",
        "private_keys",
        "secret_key",
        "ssh_key",
    ),
    *("signing_key", "encryption_key", "decryption_key", "master_key", "account_key", "shared_key", "storage_key"),
    *(
        "shared_access_key",
        "auth_key",
        "authorization_key",
        "authorized_key",
        "app_key",
        "application_key",
        "admin_key",
    ),
    *("license_key", "licence_key", "service_key", "subscription_key", "deploy_key", "webhook_key", "integration_key"),
    *(
        "activation_key",
        "consumer_key",
        "consumer_secret",
        "client_key",
        "server_key",
        "root_key",
        "hmac_key",
        "aes_key",
    ),
    *("rsa_key", "pgp_key", "gpg_key", "fernet_key", "jwt_key", "cipher_key", "crypto_key", "cookie_key", "csrf_key"),
    *(
        "data_key",
        "saml_key",
        "cosmos_key",
        "apns_key",
        "write_key",
        "priv_key",
        "wallet_seed",
        "functions_key",
        "function_key",
        "unseal_key",
        "recovery_key",
        "sas_key",
        "tls_key",
        "ssl_key",
        "pem_key",
        "cert_key",
        "host_key",
    ),
    *("aws_key", "azure_key", "google_key", "maps_key", "openai_key", "anthropic_key", "github_key", "stripe_key"),
    *("twilio_key", "sendgrid_key", "mailgun_key", "datadog_key", "validation_key", "machine_key"),
    *("sas_token", "security_code", "verification_code", "recovery_code", "recovery_codes", "backup_codes"),
    *("mfa_code", "otp_code", "sms_code", "two_factor_code", "access_code", "auth_code", "authorization_code"),
    *("code_verifier", "client_assertion", "saml_response", "secret_answer", "security_answer", "seed_phrase"),
    *("mnemonic_phrase", "webhook_url", "webhook_uri", "slack_webhook", "discord_webhook", "teams_webhook"),
    *("shared_access_signature", "sqlalchemy_url", "signed_url", "presigned_url"),
    *(
        "card_number",
        "card_no",
        "card_pin",
        "pin_code",
        "credit_card",
        "credit_card_number",
        "cc_number",
        "cc_num",
        "cvv",
        "cvv2",
        "cvc",
        "cvc2",
    ),
    *("ssn", "social_security_number", "social_security"),
    *("dsn", "connection_string", "connection_strings", "conn_str", "conn_string", "database_url", "database_uri"),
    *("db_url", "db_uri", "redis_url", "redis_uri", "broker_url", "mongo_uri", "mongo_url", "mongodb_uri"),
    *("mongodb_url", "amqp_url", "rabbitmq_url", "postgres_url", "postgresql_url", "mysql_url", "jdbc_url"),
)

# These are secret in last position, or before a word of CONTENT; before another word the name is about something else,
# as in `auth_login` or `cookie_consent`.
WEAK: Final[tuple[str, ...]] = (
    *(
        "token",
        "auth",
        "oauth",
        "oauth2",
        "cookie",
        "cookies",
        "csrf",
        "xsrf",
        "jwt",
        "bearer",
        "otp",
        "totp",
        "hotp",
        "cred",
    ),
)

# Every name with a secret word contains one of these.
ROOTS: Final[tuple[str, ...]] = (
    *("pass", "pw", "pswd", "senha", "contrase", "kennwort", "wachtwoord", "пароль", "密码", "secret", "cred", "psk"),
    *("token", "auth", "sess", "sid", "jwt", "key", "code", "verifier", "assertion", "response", "answer", "phrase"),
    *(
        "signature",
        "webhook",
        "url",
        "uri",
        "seed",
        "card",
        "cc",
        "cv",
        "ssn",
        "social",
        "dsn",
        "conn",
        "cookie",
        "csrf",
    ),
    *("xsrf", "bearer", "otp", "sas", "sig", "heslo", "haslo", "hasło", "parola", "salasana", "senord", "adgang"),
    *("jelsz", "パスワード", "비밀번호", "口令", "κωδικός", "סיסמה", "community", "pinn", "pin_n", "pin-n"),
)

# Every secret name in the text of a value contains one of these; the text is searched for names only if it does. Each
# costs a value 45 ns where there is no compiled core, so they are rare in other texts; the core takes 2 to 8 letters.
TEXT_ROOTS: Final = _words(
    """
    pass pw secret token auth cookie cred key sess csrf xsrf jwt card dsn psk pswd otp cvv cvc ssn bearer senha contrase
    kennwort wachtwo пароль 密码 verifi recover saml ssertion webhook phrase answer social pin_c pinc pin-c mfa two_f
    twof sms_c smsc backup access securit db_u dbu databas redis broker mongo amqp rabbit postgres mysql jdbc sqlalche
    signed conn cc_n ccn wallet heslo haslo hasło parola salasana senord adgangsk jelsz パス 비밀번호 口令 κωδι סיסמ
    communit signatur pin_n pinn pin-n one_time onetime identifi
    """
)

# Words of a login: `pass` after any word but these is a password.
NO_PASSWORDS: Final = _words(
    """
    all back backward band baseline batch boarding bus by camera check code color com compiler day deferred
    depth did each eager early every extra fail fast final first forward full fused gather geometry global grade
    grand graph ground hall high if last late light lighting lint loop low main max merge min module multi n
    next no normal num number old on one optimization optimizer outline over per post postprocess pre prev
    previous quality rail render resolve scatter season second shader shadow should single ski skip slow sub
    subpass test third to total train transform transit travel tree two under was will
    """
)

# Words that may follow a secret word in a secret name: forms of its content.
CONTENT: Final = _words(
    """
    answer b64 backup base64 bytes challenge code codes confirm confirmation content contents cookie cookies
    copy credential credentials current data decoded dict digest encoded encrypted hash hashed header headers
    hex info input jar json key keys map new old original pair params payload phrase plain plaintext raw repeat
    response salt secret seed signature str string text token tuple value values var verifier
    """
)

# A name that ends with these says something about a secret, but is not the secret.
METADATA: Final = _words(
    """
    age alg algo algorithm algorithms allowed arn attempt attempts attribute attributes audience authentication
    backend backends balance boolean box broker bucket budget budgets cache callback category changed checker
    class classes client cls color column columns complexity consent consumed cost costs count counter counts
    created cutoff date datetime days default delay delta deprecated desc description dialog digits dim dir
    directory disabled domain domains duration editor email embedding embeddings enable enabled encoding
    endpoint endpoints engine entropy error errors event exception exceptions exempt exists exp expiration
    expire expired expires expiring expiry extractor factory failed failure failures field fields file filename
    files filter fingerprint flag flow flows folder form format formatter forms found frequency func function
    generator gid grant group handler handlers hasher hashers helper host hostname hour hours httponly icon id
    ident idle idp ids idx ignore index indexes indices interceptor interval invalid is issued issuer kind label
    last layer len length lengths level library lifespan lifetime limit limiter limits link list_size loader
    location locations lock logger login logprob logprobs manager mapper margin mask masks match matched matcher
    matches max mechanism mismatch
    mechanisms message meter method methods metric metrics middleware middlewares min minutes missing mixin mode
    model models modified module modules month months name names nbf num number offset offsets only option
    optional origin origins owner package page parameter_name parser path paths pattern patterns per percent
    period permission permissions placeholder plugin plugins policies policy pool port position positions prefix
    present price pricing probabilities probability processor prompt provider providers quota range rank rate
    ratio reader realm reason refreshed refresher regex region registry release renewal repository required
    requirement requirements resolver retries retry role roles rotated rotation rotations rule rules samesite
    schema schemas scheme schemes scope scopes score scores screen seconds secure separator sequence serializer
    server servers service services size sizes source sources span spans spec speed stage start state states
    statistics stats status storage store strategies strategy strength style subject success suffix supplier
    support supported symbol table tag tags template test tests throughput time timeout timer timestamp title
    tokenizer topic total ttl type types uid updated uri uris url urls usage use used user username usernames
    users util utilities utils valid validated validation validator validators validity verified version
    versions vocab weight weights width window writer year years yn
    """
)
# `client_id` is not secret, but the IDs of these are.
NO_METADATA: Final = frozenset(("secret", "secrets"))

# A name that begins with these is a yes or no.
FLAGS: Final = _words(
    """
    accept allow allows can disable disallow does enable enables expose forbid force has have hide ignore is
    lacks mask missing must need needs no num optional permit reject require requires should show skip support
    supports unset was without
    """
)
# Unless the rest is explicitly a token or key: `use_auth_token="hf_…"`.
SOFT_FLAGS: Final = frozenset(("use", "uses", "using", "with", "check", "send", "save", "include"))

# A function whose name begins with these does something with a secret, but does not return it.
NO_GETTERS: Final = _words(
    """
    add assert authenticate change check clear compare confirm delete disable enable ensure expire forget handle hide
    invalidate login logout mask match matches on process put redact register remove require reset revoke save
    send set store strip test update validate verify
    """
)

# A token of these kinds belongs to a text, a language model, a paged list or an operation.
HARMLESS_TOKENS: Final = _words(
    """
    abort added additional any audio before begin bos bpe byte cache cached cancel cancellation char class
    closing cls comma comment completion consumed continuation continue continuous control count cursor cut
    decoded decoder delimiter delta draft encoder end eof eol eos eot erc20 expected extra fencing filler first
    forced from generated generic governance html idempotency identifier image inc indent input instruction
    invalid_syntax is keyword last lexer lexical literal longest lookahead marker mask max merge message min
    modifier more native newline next nft no num number oov open opening operator output pad padding page
    pagination paging parse parsed parser peek per pos position predicted prefix prev previous prompt
    punctuation rare reasoning reserved resume resumption role sampled scroll sep separator shift skip special
    speech start starting stop stopping string_literal sub subword suffix sync syntax tag target text thinking
    this time tool top total type unexpected unk unknown unused utility video vision visual vocab vocabulary
    whitespace word
    """
)

# Complete names that only resemble secret ones.
HARMLESS_NAMES: Final = frozenset(("PWD", "OLDPWD"))

# Words that accompany secret words without a separator: `dbpassword`, `PGPASSWORD`, `csrfmiddlewaretoken`.
COMPANIONS: Final = _words(
    """
    access account acct activation admin admins amqp anon api app application appsettings aspnet auth
    authenticity aws azure azuread backend backup basic bearer bind bitbucket bot broker cache card cassandra cc
    celery cert channel chat client cloud cloudflare cluster confluent conn connect connection consumer couch
    couchbase csrf current customer data database datadog db default deploy dev device discord django docker
    dropbox ec2 elastic elasticsearch email enc encryption env es etcd facebook fb fcm firebase flask ftp
    gateway gcp ghe git github gitlab google grafana graph graphql guest hash heroku hook host http https hub
    iam id identity imap influx influxdb instagram install internal jdbc jenkins jira jks jwt kafka key keycloak
    keystore kube kubernetes ldap license line linkedin login mail mailer mailgun maria mariadb master mb
    memcached merchant middleware mongo mongodb mqtt ms mssql my mysql nats neo4j net netrc new next nexus node
    npm oauth okta old openai oracle org owner page paypal pem pg php pop pop3 portal postgres postgresql
    private prod product production project proxy publish push pypi rabbit rabbitmq rds redis redshift refresh
    registry remote repo request reset resource root s3 saml sas sasl secret secure security sendgrid sentry
    server service session sftp shared shop shopify sign signed signing site slack sms smtp snowflake solr
    spotify sql sqlserver ssh ssl sso staging storage store stripe sub sudo super superuser svc svn system team
    telegram temp tenant terraform test tls trello trust truststore twilio twitter unlock upload user username
    vault vpn web webhook wifi wiki wordpress worker wp write ws x xsrf zendesk zip zookeeper zoom
    """
)

# Words that contain a secret word by chance, and derived words that are not secret.
CHANCE: Final = _words(
    """
    betoken betokened betokens cookiecutter credentialed credentialing detokenize detokenizer passwordless
    pretokenizer pseudotoken secretarial secretariat secretariats secretaries secretary secrete secreted
    secretes secreting secretion secretions secretive secretively secretiveness secretless secretly secretory
    tokenise tokenised tokeniser tokenization tokenizations tokenize tokenized tokenizer tokenizers tokenizes
    tokenizing undersecretaries undersecretary
    """
)
