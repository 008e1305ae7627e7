<?php
// Whether a posted result is genuine, as a result_url in PHP finds out: Standard Webhooks with PHP's own functions.
list(, $secret, $id, $timestamp, $signatures, $file) = $argv;
$body = file_get_contents($file);  // in a page: php://input, and $_SERVER['HTTP_WEBHOOK_ID'] and so on
$key = base64_decode(substr($secret, strlen('whsec_')));
$expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
$genuine = false;
foreach (explode(' ', $signatures) as $signature) {
    $genuine = hash_equals($expected, $signature) || $genuine;
}
echo $genuine && abs(time() - (int) $timestamp) <= 300 ? 'good' : 'forged';
