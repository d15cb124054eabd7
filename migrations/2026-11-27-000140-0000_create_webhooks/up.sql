-- Webhooks: what changed is sent to those who asked for it. Each has a place in the one order of the log up to which it was looked
-- through for it; what it is to get waits in deliveries, in lanes: of one claim's deliveries only the first is under way.

CREATE TABLE webhooks (
    id uuid CONSTRAINT webhooks_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT webhooks_newsroom_id_fkey REFERENCES newsrooms,
    name nfc_text NOT NULL CONSTRAINT webhooks_name_length CHECK (char_length(name) BETWEEN 1 AND 300),
    url text NOT NULL CONSTRAINT webhooks_url_length CHECK (char_length(url) BETWEEN 1 AND 2000),
    format text NOT NULL CONSTRAINT webhooks_format_known CHECK (format IN ('standard', 'slack', 'mattermost', 'teams')),
    events text[] NOT NULL DEFAULT '{}' CONSTRAINT webhooks_events_number CHECK (cardinality(events) <= 50),
    topics text[] NOT NULL DEFAULT '{}' CONSTRAINT webhooks_topics_number CHECK (cardinality(topics) <= 50),
    languages text[] NOT NULL DEFAULT '{}' CONSTRAINT webhooks_languages_number CHECK (cardinality(languages) <= 50),
    own boolean NOT NULL DEFAULT true,
    active boolean NOT NULL DEFAULT true,
    disabled_at timestamptz,
    disabled_reason text CONSTRAINT webhooks_disabled_reason_length CHECK (char_length(disabled_reason) BETWEEN 1 AND 1000),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT webhooks_disabled_has_reason CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    CONSTRAINT webhooks_disabled_is_not_active CHECK (disabled_at IS NULL OR NOT active)
);
COMMENT ON TABLE webhooks IS 'Where a newsroom has changes sent to';
COMMENT ON COLUMN webhooks.id IS 'UUIDv7';
COMMENT ON COLUMN webhooks.newsroom_id IS 'Whose webhook it is: it gets what its members may see';
COMMENT ON COLUMN webhooks.name IS 'What it is for, in the newsroom''s words';
COMMENT ON COLUMN webhooks.url IS 'The receiver''s address; with some receivers a secret by itself';
COMMENT ON COLUMN webhooks.format IS 'What is sent: standard (Standard Webhooks), or a message for slack, mattermost or teams';
COMMENT ON COLUMN webhooks.events IS 'The kinds of events that are sent; none: all';
COMMENT ON COLUMN webhooks.topics IS 'Only events on claims with one of these topics; none: on all';
COMMENT ON COLUMN webhooks.languages IS 'Only events on claims in one of these languages, en for en-GB too; none: in all';
COMMENT ON COLUMN webhooks.own IS 'Only events of the newsroom''s own records';
COMMENT ON COLUMN webhooks.active IS 'Whether anything is sent; while it is not, all waits';
COMMENT ON COLUMN webhooks.disabled_at IS 'When the server has disabled it; null: it has not';
COMMENT ON COLUMN webhooks.disabled_reason IS 'Why the server has disabled it';
COMMENT ON COLUMN webhooks.created_at IS 'When it was made, database time';
COMMENT ON COLUMN webhooks.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN webhooks.version IS 'Raised by one with every change; the ETag';
CREATE INDEX webhooks_newsroom_id_idx ON webhooks (newsroom_id, id);
CREATE TRIGGER webhooks_first_version BEFORE INSERT ON webhooks FOR EACH ROW EXECUTE FUNCTION set_first_version();
CREATE TRIGGER webhooks_set_version BEFORE UPDATE ON webhooks FOR EACH ROW EXECUTE FUNCTION set_version();
CREATE CONSTRAINT TRIGGER webhooks_log AFTER INSERT OR UPDATE OR DELETE ON webhooks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_change('webhook');

CREATE TABLE webhook_secrets (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT webhook_secrets_pkey PRIMARY KEY,
    webhook_id uuid NOT NULL CONSTRAINT webhook_secrets_webhook_id_fkey REFERENCES webhooks ON DELETE CASCADE,
    secret text NOT NULL CONSTRAINT webhook_secrets_form CHECK (secret LIKE 'whsec\_%'),
    expires_at timestamptz
);
COMMENT ON TABLE webhook_secrets IS 'What deliveries are signed with: the webhook''s secret, and for a day the one before; in no log, and shown once';
COMMENT ON COLUMN webhook_secrets.id IS 'Rises';
COMMENT ON COLUMN webhook_secrets.webhook_id IS 'Whose secret it is';
COMMENT ON COLUMN webhook_secrets.secret IS 'whsec_ and 32 random bytes in base64';
COMMENT ON COLUMN webhook_secrets.expires_at IS 'Until when it signs beside its successor; null: it is the present one';
CREATE UNIQUE INDEX webhook_secrets_present_idx ON webhook_secrets (webhook_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secrets_webhook_id_idx ON webhook_secrets (webhook_id);

CREATE TABLE webhook_cursors (
    webhook_id uuid CONSTRAINT webhook_cursors_pkey PRIMARY KEY CONSTRAINT webhook_cursors_webhook_id_fkey REFERENCES webhooks ON DELETE CASCADE,
    position bigint NOT NULL
);
COMMENT ON TABLE webhook_cursors IS 'How far each webhook is; apart from the webhook, whose versions are its newsroom''s changes';
COMMENT ON COLUMN webhook_cursors.webhook_id IS 'The webhook';
COMMENT ON COLUMN webhook_cursors.position IS 'Changes up to this place in the log were looked through for it';

CREATE TABLE webhook_deliveries (
    id uuid CONSTRAINT webhook_deliveries_pkey PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT webhook_deliveries_number_key UNIQUE,
    webhook_id uuid NOT NULL CONSTRAINT webhook_deliveries_webhook_id_fkey REFERENCES webhooks ON DELETE CASCADE,
    lane uuid NOT NULL,
    event text NOT NULL,
    event_id text NOT NULL,
    position bigint,
    status text NOT NULL DEFAULT 'waiting' CONSTRAINT webhook_deliveries_status_known CHECK (status IN ('waiting', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    last_attempt_at timestamptz,
    next_attempt_at timestamptz,
    answer_status integer,
    error text,
    took_ms integer,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE webhook_deliveries IS 'What is sent to webhooks, and for some weeks what became of it. Bodies are made when they are sent, so that what was redacted is sent no more';
COMMENT ON COLUMN webhook_deliveries.id IS 'UUIDv7';
COMMENT ON COLUMN webhook_deliveries.number IS 'Rises; a lane goes by it';
COMMENT ON COLUMN webhook_deliveries.webhook_id IS 'To whom';
COMMENT ON COLUMN webhook_deliveries.lane IS 'What it waits in line with: the claim; for a test or what is sent again the delivery itself';
COMMENT ON COLUMN webhook_deliveries.event IS 'The event''s kind, such as verdict.published';
COMMENT ON COLUMN webhook_deliveries.event_id IS 'The event''s id, the same whenever it is sent again: webhook-id';
COMMENT ON COLUMN webhook_deliveries.position IS 'The change''s place in the log; null of a test';
COMMENT ON COLUMN webhook_deliveries.status IS 'waiting, delivered, or failed: given up after the last attempt';
COMMENT ON COLUMN webhook_deliveries.attempts IS 'How often it was tried';
COMMENT ON COLUMN webhook_deliveries.first_attempt_at IS 'When it was first tried';
COMMENT ON COLUMN webhook_deliveries.last_attempt_at IS 'When it was last tried';
COMMENT ON COLUMN webhook_deliveries.next_attempt_at IS 'When it is tried again; null: at once, or no more';
COMMENT ON COLUMN webhook_deliveries.answer_status IS 'The HTTP status that was last answered; null: none was';
COMMENT ON COLUMN webhook_deliveries.error IS 'Why the last attempt failed';
COMMENT ON COLUMN webhook_deliveries.took_ms IS 'Milliseconds that the last attempt took';
COMMENT ON COLUMN webhook_deliveries.created_at IS 'When it began to wait, database time';
CREATE INDEX webhook_deliveries_webhook_id_idx ON webhook_deliveries (webhook_id, number);
CREATE INDEX webhook_deliveries_waiting_idx ON webhook_deliveries (webhook_id, lane, number) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_done_idx ON webhook_deliveries (created_at) WHERE status <> 'waiting';

CREATE TABLE webhook_lanes (
    webhook_id uuid NOT NULL CONSTRAINT webhook_lanes_webhook_id_fkey REFERENCES webhooks ON DELETE CASCADE,
    lane uuid NOT NULL,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_until timestamptz,
    CONSTRAINT webhook_lanes_pkey PRIMARY KEY (webhook_id, lane)
);
COMMENT ON TABLE webhook_lanes IS 'Lanes in which deliveries wait, one row for each webhook and claim: who sends takes the lane, so that a claim''s events stay in order';
COMMENT ON COLUMN webhook_lanes.webhook_id IS 'The webhook';
COMMENT ON COLUMN webhook_lanes.lane IS 'As in webhook_deliveries';
COMMENT ON COLUMN webhook_lanes.due_at IS 'When its first delivery is to be tried';
COMMENT ON COLUMN webhook_lanes.taken_until IS 'Until when a process is at it';
CREATE INDEX webhook_lanes_due_idx ON webhook_lanes (webhook_id, due_at);
