-- how often in a row the process died that was sending it: what ends its sender is not sent for ever
ALTER TABLE delivery ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;

-- of the checkpoint when the row was last taken: who died after a step that is new is not suspect
ALTER TABLE delivery ADD COLUMN progress TEXT;

-- of the payload, which is not kept once it has arrived
ALTER TABLE delivery ADD COLUMN digest TEXT;

-- why nobody tries to send what waits for a target, said once and not in each of its rows
CREATE TABLE blocked (
    integration TEXT NOT NULL,
    target      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    -- 1: the integration now sends to another target; 0: it cannot be set up
    elsewhere   INTEGER NOT NULL,
    PRIMARY KEY (integration, target)
);

CREATE INDEX delivery_settled ON delivery (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX delivery_expiry ON delivery (expires_at)
    WHERE state = 'waiting' AND expires_at IS NOT NULL;
