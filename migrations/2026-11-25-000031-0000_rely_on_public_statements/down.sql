CREATE OR REPLACE FUNCTION check_published_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.claim_id, NEW.status) = (OLD.claim_id, OLD.status) THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT FROM claims WHERE id = NEW.claim_id AND status = 'published') THEN
        PERFORM refuse('statements_published_on_published_claim', 'its claim is not published');
    ELSIF EXISTS (SELECT FROM relies_on JOIN statements ON statements.id = relied_on_id
                  WHERE statement_id = NEW.id AND statements.status <> 'published') THEN
        PERFORM refuse('statements_published_relies_on_published', 'it relies on a statement that is not published');
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION check_reliance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM statements WHERE id = NEW.statement_id AND status = 'published')
        AND EXISTS (SELECT FROM statements WHERE id = NEW.relied_on_id AND status <> 'published') THEN
        PERFORM refuse('statements_published_relies_on_published', 'it relies on a statement that is not published');
    END IF;
    RETURN NULL;
END $$;
