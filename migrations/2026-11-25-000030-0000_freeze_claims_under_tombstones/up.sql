-- A withdrawn statement stays in the dossier, with the stance that it took towards the claim as it read: another
-- newsroom's tombstone freezes the claim as its public statement did.

CREATE OR REPLACE FUNCTION guard_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM lock_claim_trees(ARRAY[OLD.id]);
        IF OLD.status = 'withdrawn' THEN
            PERFORM refuse('claims_withdrawn_is_final', 'a withdrawn claim stays');
        END IF;
        RETURN OLD;
    END IF;
    PERFORM check_status_move('claims', CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status);
    IF TG_OP = 'INSERT' THEN
        IF NEW.part_of_id IS NOT NULL THEN
            PERFORM lock_claim_trees(ARRAY[NEW.part_of_id]);
        END IF;
    ELSIF (NEW.text, NEW.language, NEW.status) IS DISTINCT FROM (OLD.text, OLD.language, OLD.status)
        OR NEW.part_of_id IS DISTINCT FROM OLD.part_of_id THEN
        PERFORM lock_claim_trees(ARRAY[NEW.id, NEW.part_of_id]);
        IF ((NEW.text, NEW.language) <> (OLD.text, OLD.language) OR NEW.part_of_id IS DISTINCT FROM OLD.part_of_id)
            AND (EXISTS (SELECT FROM verdicts WHERE claim_id = NEW.id AND status = 'published')
                 OR EXISTS (SELECT FROM statements WHERE claim_id = NEW.id AND status <> 'draft' AND newsroom_id <> NEW.newsroom_id)) THEN
            PERFORM refuse('claims_frozen', 'a published verdict or another newsroom''s published or withdrawn statement hangs on this claim');
        END IF;
    END IF;
    INSERT INTO topics (slug, newsroom_id)
        SELECT DISTINCT slug, NEW.newsroom_id FROM unnest(NEW.topics) AS t(slug) ORDER BY slug
        ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;
