<?php
// One call queued as a page of the original shows it: curl, fields as an array, which makes multipart/form-data.
list(, $server, $customer) = $argv;
$curl = curl_init("$server/api/apps/1/1/queue");
curl_setopt($curl, CURLOPT_USERPWD, 'demo@example.com:demo-key');
curl_setopt($curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
curl_setopt($curl, CURLOPT_POST, true);
curl_setopt($curl, CURLOPT_POSTFIELDS, array(
    'phone_number' => 'tel:+16175550100;ani=8009957586',
    'max_attempts' => 2,
    'reattempt_wait' => 60,
    'metadata' => json_encode(array('first_name' => 'José', 'appointment' => 'Monday at 10am')),
    'result_url' => "$customer/result",
));
$answer = json_decode(curl_exec($curl), true);
if (curl_getinfo($curl, CURLINFO_HTTP_CODE) != 200) {
    exit("refused: {$answer['error']}");
}
echo $answer['call_id'], "\n";
$curl = curl_init("$server/api/outbound/{$answer['call_id']}");
curl_setopt($curl, CURLOPT_USERPWD, 'demo@example.com:demo-key');
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
$details = json_decode(curl_exec($curl), true);
echo $details['call_details']['metadata']['first_name'], "\n";
