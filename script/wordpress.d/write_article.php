<?php
// Sets a WordPress up and writes one article, with each address on a line of its own. Prints the article's path.
//
//   php write_article.php FOLDER ADDRESS...

[, $folder] = $argv;
$database = new mysqli('localhost', 'root', '', null, null, getenv('WORK') . '/mysql.sock');
$database->query('CREATE DATABASE wordpress CHARACTER SET utf8mb4');
$database->close();

$_SERVER['HTTP_HOST'] = '127.0.0.1:' . getenv('PORT');
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
define('WP_INSTALLING', true);
require "$folder/wp-load.php";
require ABSPATH . 'wp-admin/includes/upgrade.php';
// Nobody is written to.
function wp_new_blog_notification(...$unused) {}
wp_install('The desk', 'desk', 'desk@checks.example', true, '', wp_generate_password());
$article = wp_insert_post([
    'post_title' => 'What was checked',
    'post_content' => implode("\n\n", array_slice($argv, 2)),
    'post_status' => 'publish',
    'post_author' => 1,
], true);
if (is_wp_error($article)) {
    fwrite(STDERR, $article->get_error_message() . "\n");
    exit(1);
}
echo "/?p=$article\n";
