<?php
// A list uploaded with curl: fields as an array, so that curl sends multipart/form-data.
list(, $server, $customer, $file) = $argv;
$curl = curl_init("$server/outbound/webservice/queuecalls.php");
curl_setopt_array($curl, array(
    CURLOPT_POST => true,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_POSTFIELDS => array(
        'login' => 'demo',
        'pin' => '1234',
        'campaign_name' => 'from PHP',
        'start_url' => "$customer/start",
        'result_url' => "$customer/result",
        'phone_list' => new CURLFile($file, 'text/csv', 'list.csv'),
    ),
));
$answer = curl_exec($curl);
$xml = simplexml_load_string($answer);
if ((string) $xml['status'] != 'queued') {
    exit("failed: $answer");
}
foreach ($xml->call as $call) {
    echo (int) $call['call_id'], "\n";
}
