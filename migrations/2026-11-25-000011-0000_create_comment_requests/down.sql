DROP TABLE comment_requests;
DROP FUNCTION guard_comment_request();
