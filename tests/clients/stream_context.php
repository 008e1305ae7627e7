<?php
// As integrations did it before curl was everywhere: file_get_contents with a stream context.
list(, $server, $customer) = $argv;
$fields = array(
    'login' => 'demo',
    'pin' => '1234',
    'phone_number' => '6175550100',
    'start_url' => "$customer/start",
    'result_url' => "$customer/result",
    'message_reference' => "caf\xe9",
    'max_retries' => 2,
    'scheduled_time' => 'now',
);
$context = stream_context_create(array('http' => array(
    'method' => 'POST',
    'header' => 'Content-type: application/x-www-form-urlencoded',
    'content' => http_build_query($fields),
)));
$answer = file_get_contents("$server/webservice/queuecall.php", false, $context);
$xml = simplexml_load_string($answer);
if ((string) $xml['status'] != 'queued') {
    exit("failed: $answer");
}
echo (int) $xml['call_id'], "\n";
